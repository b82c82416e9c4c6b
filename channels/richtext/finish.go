package richtext

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// finish closes what was left open, sends links to a page of their own, and
// makes links of addresses.
func (r *Renderer) finish(source string) string {
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(source), body)
	if err != nil {
		return asText(source) // nested too deep
	}
	for _, n := range nodes {
		body.AppendChild(n)
	}
	r.walk(body)
	wrap(body)
	var out strings.Builder
	for n := body.FirstChild; n != nil; n = n.NextSibling {
		if err := html.Render(&out, n); err != nil {
			return asText(source) // a builder does not fail
		}
	}
	return strings.TrimSpace(out.String())
}

// asText returns what is left of the source when nothing of it is believed.
func asText(source string) string { return "<p>" + html.EscapeString(source) + "</p>" }

// wrap puts what stands loose into paragraphs.
func wrap(body *html.Node) {
	var p *html.Node
	for child := body.FirstChild; child != nil; {
		next := child.NextSibling
		switch {
		case isBlock(child):
			p = nil
		case p == nil && (child.Type == html.TextNode && strings.TrimSpace(child.Data) == ""):
			// between two blocks
		default:
			if p == nil {
				p = &html.Node{Type: html.ElementNode, Data: "p", DataAtom: atom.P}
				body.InsertBefore(p, child)
			}
			body.RemoveChild(child)
			p.AppendChild(child)
		}
		child = next
	}
}

func isBlock(n *html.Node) bool {
	switch n.DataAtom {
	case atom.P, atom.Div, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Hr, atom.Table,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}

func (r *Renderer) walk(n *html.Node) {
	for child := n.FirstChild; child != nil; {
		next := child.NextSibling
		switch {
		case child.Type == html.TextNode:
			r.link(n, child)
		case child.DataAtom == atom.A:
			openAside(child)
		default:
			r.walk(child)
		}
		child = next
	}
}

// openAside makes a link open a page of its own, which learns nothing of ours.
func openAside(a *html.Node) {
	for _, attr := range a.Attr {
		if attr.Key == "href" {
			a.Attr = []html.Attribute{attr, {Key: "rel", Val: "noopener noreferrer nofollow"}, {Key: "target", Val: "_blank"}}
			return
		}
	}
}

// link replaces the addresses in a text by links.
func (r *Renderer) link(parent, node *html.Node) {
	text, at := node.Data, 0
	for _, found := range r.address.FindAllStringIndex(text, -1) {
		address := trimAddress(text[found[0]:found[1]])
		href := hrefOf(address)
		if href == "" || found[0] < at {
			continue
		}
		insert(parent, node, text[at:found[0]])
		a := &html.Node{Type: html.ElementNode, Data: "a", DataAtom: atom.A, Attr: []html.Attribute{{Key: "href", Val: href}}}
		a.AppendChild(&html.Node{Type: html.TextNode, Data: address})
		openAside(a)
		parent.InsertBefore(a, node)
		at = found[0] + len(address)
	}
	if at > 0 {
		node.Data = text[at:]
	}
}

func insert(parent, before *html.Node, text string) {
	if text != "" {
		parent.InsertBefore(&html.Node{Type: html.TextNode, Data: text}, before)
	}
}

// trimAddress takes off what belongs to the sentence.
func trimAddress(s string) string {
	for {
		t := strings.TrimRight(s, ".,;:!?'*[]")
		if strings.HasSuffix(t, ")") && !strings.Contains(t, "(") {
			t = strings.TrimSuffix(t, ")")
		}
		if t == s {
			return s
		}
		s = t
	}
}

// hrefOf returns where a link to the address goes, or nothing if it is none.
func hrefOf(address string) string {
	scheme, host, found := strings.Cut(address, "://")
	switch {
	case found && (scheme == "http" || scheme == "https") && host != "":
		if _, err := url.Parse(address); err != nil {
			return ""
		}
		return address
	case found:
		return ""
	case strings.HasPrefix(address, "www."):
		return hrefOf("http://" + address)
	case strings.Contains(address, "@"):
		return "mailto:" + address
	}
	return ""
}
