"""Names that a file may hold and that would like to be more than text."""

IN_HTML = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "{{ 7 * 7 }} {% raw %} $x_{1}$ \\frac",
    "\u202eright to left\u2069 \u05e9\u05dc\u05d5\u05dd \u200f",
    "line\u2028separator\nand\ttab",
    "x" * 10_000,
)
IN_MARKDOWN = (
    "a|b", "*bold*", "__init__", "a_b", "`code`", "``", "<script>alert(1)</script>", "<!-- x", "[x](https://evil.test)",
    "![x](https://evil.test)", "@someone and @org/team", "# heading", "- item", "1. item", "2) item", "+ x", "=",
    "===", "#12", "https://evil.test/x", "www.evil.test", ":cat:", "&lt;b&gt;", "&amp;", "\\", "\\|", "a\\", "$x$",
    "~~gone~~", "> quote", "|", "---", "a  b", "\N{RIGHT-TO-LEFT OVERRIDE}x", "<https://evil.test>", "x<br>y",
)  # fmt: skip
