package richtext

import (
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// newMarkdown returns the part of Markdown that people write without knowing:
// paragraphs, lists, links, pictures, and ** for what is important. All else
// stands as it was typed, such as *123# and #号键.
func newMarkdown() goldmark.Markdown {
	p := parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(paragraph{parser.NewParagraphParser()}, 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(strong{}, 500),
		),
	)
	return goldmark.New(goldmark.WithParser(p), goldmark.WithRendererOptions(html.WithHardWraps()))
}

// paragraph takes indented lines too, since nothing here is code.
type paragraph struct{ parser.BlockParser }

// CanAcceptIndentedLine lets it.
func (paragraph) CanAcceptIndentedLine() bool { return true }

// strong reads **what is important**. Unlike in CommonMark it may touch Chinese
// characters and punctuation; a run of other length, as in 138****0000, stands
// for itself.
type strong struct{}

// Trigger returns the character that the parser looks at.
func (strong) Trigger() []byte { return []byte{'*'} }

// Parse returns a delimiter, or the stars as text.
func (s strong) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	before := block.PrecendingCharacter()
	line, segment := block.PeekLine()
	run := 1
	for run < len(line) && line[run] == '*' {
		run++
	}
	d := parser.ScanDelimiter(line, before, 1, s)
	if run != 2 || d == nil {
		block.Advance(run)
		return ast.NewTextSegment(segment.WithStop(segment.Start + run))
	}
	d.CanOpen = len(line) > 2 && !util.IsSpace(line[2])
	d.CanClose = !util.IsSpaceRune(before)
	d.Segment = segment.WithStop(segment.Start + d.OriginalLength)
	block.Advance(d.OriginalLength)
	pc.PushDelimiter(d)
	return d
}

// IsDelimiter, CanOpenCloser and OnMatch make it a parser.DelimiterProcessor.
func (strong) IsDelimiter(b byte) bool { return b == '*' }

// CanOpenCloser reports whether two delimiters belong together.
func (strong) CanOpenCloser(opener, closer *parser.Delimiter) bool { return opener.Char == closer.Char }

// OnMatch returns the node for what stands between two delimiters.
func (strong) OnMatch(consumes int) ast.Node { return ast.NewEmphasis(consumes) }
