// The second wall against foreign HTML; the server's sanitiser is the first. What
// is known to be harmless is built anew, nothing is copied as it is.

const kept = new Set('p br strong b em i u s del sub sup code pre blockquote ul ol li hr span div h4 table thead tbody tr th td'.split(' '))
const emptied = new Set('script style iframe object embed svg math template noscript textarea select form head title audio video canvas'.split(' '))
const mostNodes = 4000
const deepest = 40

/** Builds the harmless part of some HTML. */
export function sanitize(html: string): DocumentFragment {
  const result = document.createDocumentFragment()
  const left = { nodes: mostNodes }
  copy(new DOMParser().parseFromString(html, 'text/html').body, result, 0, left)
  return result
}

function copy(from: Node, to: Node, depth: number, left: { nodes: number }): void {
  if (depth > deepest) return
  for (const n of from.childNodes) {
    if (left.nodes-- <= 0) return
    if (n.nodeType === Node.TEXT_NODE) to.appendChild(document.createTextNode(n.nodeValue ?? ''))
    if (!(n instanceof HTMLElement) || emptied.has(n.localName)) continue
    const made = build(n)
    if (made) to.appendChild(made)
    copy(n, made ?? to, depth + 1, left)
  }
}

function build(from: HTMLElement): HTMLElement | undefined {
  const tag = /^h[1-6]$/.test(from.localName) ? 'h4' : from.localName
  if (tag === 'a') return link(from)
  if (tag === 'img') return picture(from)
  if (!kept.has(tag)) return undefined
  const made = document.createElement(tag)
  for (const name of ['colspan', 'rowspan', 'start']) {
    const value = from.getAttribute(name)
    if (value && /^\d{1,3}$/.test(value)) made.setAttribute(name, value)
  }
  return made
}

function link(from: HTMLElement): HTMLElement | undefined {
  const href = address(from.getAttribute('href'), ['http:', 'https:', 'mailto:', 'tel:'])
  if (!href) return undefined
  const made = document.createElement('a')
  made.href = href
  made.target = '_blank'
  made.rel = 'noopener noreferrer nofollow'
  return made
}

/** Pictures of other servers stay links: the agent's browser tells nobody. */
function picture(from: HTMLElement): HTMLElement | undefined {
  const src = from.getAttribute('src') ?? ''
  const alt = from.getAttribute('alt') || '图片'
  if (/^\/[^/\\]/.test(src)) {
    const made = document.createElement('img')
    made.src = src
    made.alt = alt
    made.loading = 'lazy'
    return made
  }
  const href = address(src, ['http:', 'https:'])
  if (!href) return undefined
  const made = document.createElement('a')
  made.href = href
  made.target = '_blank'
  made.rel = 'noopener noreferrer nofollow'
  made.textContent = `[${alt}]`
  return made
}

function address(value: string | null, schemes: string[]): string {
  try {
    const url = new URL((value ?? '').trim())
    return schemes.includes(url.protocol) ? url.href : ''
  } catch {
    return ''
  }
}
