"""What report.html is made of beside its data: style and script, put into the page as they are."""
