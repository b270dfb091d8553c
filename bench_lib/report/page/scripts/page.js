/* What all parts use. */
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const every = (selector, within = document) => [...within.querySelectorAll(selector)];
const say = (text) => { byId("said").textContent = text; };
const counted = (count) => `${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"}`;
