"""What people read: sentences, figures, the page, the terminal and Markdown."""
