// What the theme leaves out for a keyboard and a screen reader: its search dialog has no name, and the tables that it
// puts into boxes that scroll cannot be scrolled by key.
document.querySelector('[data-md-component="search"][role="dialog"]')?.setAttribute("aria-label", "Search");
addEventListener("load", () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap")) box.tabIndex = 0;
});
