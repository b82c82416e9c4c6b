import { describe, expect, it } from 'vitest'
import { sanitize } from '../src/sanitize'

function clean(html: string): HTMLElement {
  const box = document.createElement('div')
  box.append(
    sanitize(html, (src, alt) => {
      const img = document.createElement('img')
      img.src = src
      img.alt = alt
      return img
    }),
  )
  return box
}

// What attackers write. None may leave an element, attribute or address that is
// not on the list; how it looks afterwards does not matter.
const attacks = [
  '<script>alert(1)</script>',
  '<SCRIPT SRC=https://evil.example/x.js></SCRIPT>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '<img src=x onerror=alert(1)>',
  '<img src="https://a.example/x.png" onerror="alert(1)" onload=alert(2)>',
  '<img src="javascript:alert(1)">',
  '<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+">',
  '<img src="data:text/html,<script>alert(1)</script>">',
  '<img srcset="https://evil.example/x 1x" src="https://a.example/x.png">',
  '<img src="//evil.example/x.png">',
  '<img src="\\\\evil.example/x.png">',
  '<img src="/\\evil.example/x.png">',
  '<img """><script>alert(1)</script>">',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="JaVaScRiPt:alert(1)">x</a>',
  '<a href=" javascript:alert(1)">x</a>',
  '<a href="java\nscript:alert(1)">x</a>',
  '<a href="java\tscript:alert(1)">x</a>',
  '<a href="java&#x0A;script:alert(1)">x</a>',
  '<a href="&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)">x</a>',
  '<a href="\u0001javascript:alert(1)">x</a>',
  '<a href="vbscript:msgbox(1)">x</a>',
  '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>',
  '<a href="blob:https://a.example/x">x</a>',
  '<a href="file:///etc/passwd">x</a>',
  '<a href="//evil.example">x</a>',
  '<a href="https://a.example" onclick="alert(1)" target="_self" rel="opener">x</a>',
  '<a href="https://a.example" ping="https://evil.example" download>x</a>',
  '<a name="x" id="location">x</a>',
  '<svg onload=alert(1)></svg>',
  '<svg><script>alert(1)</script></svg>',
  '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
  '<svg><animate onbegin=alert(1) attributeName=x></svg>',
  '<svg><foreignObject><p onclick=alert(1)>x</p></foreignObject></svg>',
  '<svg><use href="data:image/svg+xml,<svg id=x onload=alert(1)>#x"/></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>',
  '<math href="javascript:alert(1)">x</math>',
  '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
  '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<template><img src=x onerror=alert(1)></template>',
  '<textarea></textarea><img src=x onerror=alert(1)>',
  '<title><img src=x onerror=alert(1)></title>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<object data="javascript:alert(1)"></object>',
  '<embed src="https://evil.example/x.swf">',
  '<applet code="x"></applet>',
  '<base href="https://evil.example/">',
  '<link rel=stylesheet href="https://evil.example/x.css">',
  '<meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
  '<style>@import "https://evil.example/x.css"; * { background: url(https://evil.example) }</style>',
  '<p style="background:url(javascript:alert(1));position:fixed;inset:0">x</p>',
  '<p style="width:expression(alert(1))">x</p>',
  '<p class="overlay" id="faqbot" data-x="1" tabindex="0" autofocus onfocus=alert(1)>x</p>',
  '<div contenteditable oninput=alert(1)>x</div>',
  '<div is="x-evil" slot="y">x</div>',
  '<body onload=alert(1)>x</body>',
  '<input autofocus onfocus=alert(1)>',
  '<select autofocus onfocus=alert(1)><option>x</option></select>',
  '<form action="javascript:alert(1)"><button>x</button></form>',
  '<button formaction="javascript:alert(1)">x</button>',
  '<isindex type=image src=1 onerror=alert(1)>',
  '<video><source onerror="alert(1)"></video>',
  '<video poster="javascript:alert(1)" src=x onerror=alert(1)></video>',
  '<audio src=x onerror=alert(1)></audio>',
  '<details open ontoggle=alert(1)>x</details>',
  '<marquee onstart=alert(1)>x</marquee>',
  '<dialog open>x</dialog>',
  '<frameset onload=alert(1)><frame src="javascript:alert(1)"></frameset>',
  '<table background="javascript:alert(1)"><td background="x" colspan="2 onclick=x">x</td></table>',
  '<ol start="1&quot; onclick=&quot;x"><li value="javascript:1">x</li></ol>',
  '<blockquote cite="javascript:alert(1)">x</blockquote>',
  '<x-custom onclick=alert(1)>x</x-custom>',
  '<!--<img src="--><img src=x onerror=alert(1)//">',
  '<![CDATA[<img src=x onerror=alert(1)>]]>',
  '<?xml version="1.0"?><p onclick=alert(1)>x</p>',
  '<xmp><p title="</xmp><svg/onload=alert(1)>">',
  '<plaintext><img src=x onerror=alert(1)>',
  '<p>\u0000<scr\u0000ipt>alert(1)</scr\u0000ipt></p>',
  '<a href="tel:1" href="javascript:alert(1)">x</a>',
  '<a href="mailto:a@b.example?subject=x" onmouseover=alert(1)>x</a>',
]

const tags = new Set('P BR STRONG B EM I U S DEL SUB SUP CODE PRE BLOCKQUOTE UL OL LI A IMG HR SPAN DIV H4 TABLE THEAD TBODY TR TH TD'.split(' '))
const attributes = new Set(['A href', 'A target', 'A rel', 'IMG src', 'IMG alt', 'OL start', 'TD colspan', 'TD rowspan', 'TH colspan', 'TH rowspan'])

function check(box: HTMLElement): void {
  for (const e of Array.from(box.querySelectorAll('*'))) {
    expect(e.namespaceURI).toBe('http://www.w3.org/1999/xhtml')
    expect(tags).toContain(e.tagName)
    for (const a of Array.from(e.attributes)) {
      expect(attributes).toContain(`${e.tagName} ${a.name}`)
      if (a.name === 'href') expect(a.value).toMatch(/^(https?|mailto|tel):/)
      if (a.name === 'src') expect(a.value).toMatch(/^https?:\/\/(a\.example|localhost)/)
      if (/span|start/.test(a.name)) expect(a.value).toMatch(/^\d+$/)
    }
  }
}

describe('attacks', () => {
  it('are many', () => expect(attacks.length).toBeGreaterThanOrEqual(60))
  it.each(attacks)('%j leaves nothing', (html) => check(clean(html)))
  it.each(attacks)('%j leaves nothing inside of a text', (html) => check(clean(`<p>前${html}后</p><ul><li>${html}</li></ul>`)))

  it('is stable: what it made it makes again', () => {
    for (const html of attacks) {
      const once = clean(html).innerHTML
      expect(clean(once).innerHTML).toBe(once)
    }
  })

  it('ends with what is deep or long', () => {
    const deep = clean('<div>'.repeat(400) + 'x')
    let depth = 0
    for (let e: Element | null = deep; e; e = e.firstElementChild) depth++
    expect(depth).toBeLessThan(60)
    expect(clean('<b>x</b>'.repeat(5000)).querySelectorAll('*').length).toBeLessThanOrEqual(4000)
  })
})

describe('answers', () => {
  it('keep their form', () => {
    const html = '<p>先<strong>关阀</strong>，再 <em>开窗</em>。</p><ol start="3"><li>一</li></ol><ul><li>二<br>三</li></ul><blockquote>注意</blockquote><table><tbody><tr><td colspan="2">格</td></tr></tbody></table><pre><code>a &lt; b</code></pre><hr>'
    expect(clean(html).innerHTML).toBe(html)
  })

  it('have safe links', () => {
    const link = (href: string) => clean(`<a href="${href}">x</a>`).querySelector('a')
    for (const href of ['https://a.example/x', 'http://a.example/', 'mailto:a@b.example', 'tel:4008001234']) {
      expect(link(href)?.getAttribute('href')).toBe(href)
      expect(link(href)?.rel).toBe('noopener noreferrer nofollow')
      expect(link(href)?.target).toBe('_blank')
    }
    expect(link('/relative')).toBeNull()
    expect(clean('<a href="javascript:1">文字</a>').textContent).toBe('文字')
  })

  it('show pictures, or what they are about', () => {
    expect(clean('<img src="https://a.example/x.png" alt="图">').querySelector('img')?.src).toBe('https://a.example/x.png')
    expect(clean('<img src="/files/x.png">').querySelector('img')?.src).toBe(location.origin + '/files/x.png')
    expect(clean('<img src="javascript:1" alt="图">').innerHTML).toBe('图')
  })

  it('show nothing of what was never text', () => {
    expect(clean('a<script>alert(1)</script><style>p{}</style><template>t</template><title>x</title><textarea>y</textarea><svg><text>z</text></svg>').innerHTML).toBe('a')
  })

  it('have small headings and keep unknown elements as text', () => {
    expect(clean('<h1>标题</h1><section><font>字</font></section>').innerHTML).toBe('<h4>标题</h4>字')
  })
})
