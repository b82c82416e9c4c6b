// Package richtext turns stored answers into HTML that is safe to show: plain
// text, light Markdown, or the HTML that other products export.
package richtext
