// The second wall against foreign HTML (the server's sanitiser is the first): it
// is parsed into a document that is never shown, and what is known to be harmless
// is built anew, element by element. Nothing is copied as it is.

const kept = new Set(
  ('p br strong b em i u s del sub sup code pre blockquote ul ol li a img hr span div ' +
    'h1 h2 h3 h4 h5 h6 table thead tbody tr th td').split(' '),
)
const dropped = new Set(
  ('script style iframe frame frameset object embed applet svg math template noscript noembed noframes xmp plaintext ' +
    'textarea select option button input form title head link meta base audio video source track canvas dialog portal').split(' '),
)
const maxDepth = 40
const maxNodes = 4000

/** The address if it may be followed, else nothing. */
export function safeURL(value: string, schemes: string[]): string {
  try {
    const url = new URL(value.trim())
    return schemes.includes(url.protocol) ? url.href : ''
  } catch {
    return ''
  }
}

/** Pictures may also lie on the server of the chat itself. */
function pictureURL(value: string): string {
  const own = /^\/[^/\\]/.test(value) ? location.origin + value : value
  return safeURL(own, ['https:', 'http:'])
}

/** Builds the harmless part of the HTML. image makes the element for a picture. */
export function sanitize(html: string, image: (src: string, alt: string) => Node): DocumentFragment {
  const source = new DOMParser().parseFromString(html, 'text/html')
  const result = document.createDocumentFragment()
  const left = { nodes: maxNodes }
  copy(source.body, result, 0, left, image)
  return result
}

function copy(from: Node, to: Node, depth: number, left: { nodes: number }, image: (src: string, alt: string) => Node): void {
  for (let n = from.firstChild; n; n = n.nextSibling) {
    if (left.nodes-- <= 0 || depth > maxDepth) return
    if (n.nodeType === 3) to.appendChild(document.createTextNode(n.nodeValue ?? ''))
    if (n.nodeType !== 1) continue
    const e = n as Element
    // Only plain HTML elements: those of SVG and MathML go with all they hold.
    if (e.namespaceURI !== 'http://www.w3.org/1999/xhtml') continue
    const tag = e.localName
    if (dropped.has(tag)) continue
    if (tag === 'img') {
      const src = pictureURL(e.getAttribute('src') ?? '')
      const alt = e.getAttribute('alt') ?? ''
      if (src) to.appendChild(image(src, alt))
      else if (alt) to.appendChild(document.createTextNode(alt))
      continue
    }
    const built = kept.has(tag) ? build(tag, e) : to
    if (built !== to) to.appendChild(built)
    copy(e, built, depth + 1, left, image)
  }
}

function build(tag: string, from: Element): Element {
  // Headings in an answer are small headings, whatever they call themselves.
  const e = document.createElement(/^h[1-6]$/.test(tag) ? 'h4' : tag)
  if (tag === 'a') {
    const href = safeURL(from.getAttribute('href') ?? '', ['http:', 'https:', 'mailto:', 'tel:'])
    if (!href) return document.createElement('span')
    e.setAttribute('href', href)
    e.setAttribute('target', '_blank')
    e.setAttribute('rel', 'noopener noreferrer nofollow')
  }
  if (tag === 'ol') number(from, e, 'start')
  if (tag === 'td' || tag === 'th') for (const a of ['colspan', 'rowspan']) number(from, e, a)
  return e
}

function number(from: Element, to: Element, name: string): void {
  const value = from.getAttribute(name) ?? ''
  if (/^\d{1,3}$/.test(value)) to.setAttribute(name, value)
}
