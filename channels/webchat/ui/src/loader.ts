// widget.js: the one line of a page. It paints the launcher inside a closed
// shadow tree, where the page's styles do not reach, and an iframe with the chat
// when it is first needed.
//
//   <script src="https://chat.example/chat/widget.js" async></script>
//
// with any of data-title, data-color (#rrggbb), data-position (right, left),
// data-lang (zh-CN, zh-TW, en), data-account, data-open, data-offset-x and -y
// (pixels), data-name, data-welcome, data-placeholder. The page may call
// faqbot.open(), faqbot.close() and faqbot.toggle().

import { css, defaultColor, onColor, parseColor } from './color'
import { optionNames, readToPage, type PageInfo, type PageOptions, type ToFrame } from './bridge'
import { pickLanguage, usualLanguage, type Language } from './language'
import styles from './styles/loader.css?inline'

const labels: Record<Language, [open: string, close: string]> = {
  'zh-CN': ['打开客服窗口', '关闭客服窗口'],
  'zh-TW': ['開啟客服視窗', '關閉客服視窗'],
  en: ['Open the chat', 'Close the chat'],
}
const helloPatience = 8_000 // a frame that was refused looks loaded, but never speaks
const knownKey = 'faqbot.known'
const phone = '(max-width: 480px)'

interface API {
  open(): void
  close(): void
  toggle(): void
}

declare global {
  interface Window {
    faqbot?: API
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(knownKey) === '1'
  } catch {
    return false
  }
}

function remember(): void {
  try {
    localStorage.setItem(knownKey, '1')
  } catch {
    // Then the next page loads the chat a little later.
  }
}

function widget(script: HTMLScriptElement): API {
  const data = script.dataset
  const base = new URL('.', script.src)
  const lang = pickLanguage(data.lang, document.documentElement.lang, usualLanguage(navigator.language))
  const [openLabel, closeLabel] = labels[lang]
  const options = {} as PageOptions
  for (const name of optionNames) options[name] = data[name] || ''
  options.lang = lang

  const host = document.createElement('div')
  const root = host.attachShadow({ mode: 'closed' })
  const box = document.createElement('div')
  const button = document.createElement('button')
  const badge = document.createElement('span')
  const card = document.createElement('div')
  let iframe: HTMLIFrameElement | undefined
  let ready = false // the frame has been greeted
  let heard = false // and has answered
  let open = false
  let unread = 0
  let flash = ''

  function page(): PageInfo {
    return { url: location.href, title: plainTitle ?? document.title, referrer: document.referrer }
  }

  function tell(message: ToFrame): void {
    if (ready) iframe?.contentWindow?.postMessage(message, base.origin)
  }

  function load(): void {
    if (iframe) return
    iframe = document.createElement('iframe')
    iframe.title = data.title || openLabel
    iframe.allow = 'clipboard-write'
    iframe.src = new URL('frame', base).href
    iframe.onload = () => {
      ready = true
      setTimeout(apologize, helloPatience)
      tell({ faqbot: 1, type: 'init', options, page: page(), open })
    }
    card.append(iframe)
  }

  // Until the frame speaks it is not shown: it may be the browser's page of an error.
  const apology = document.createElement('div')

  function apologize(): void {
    if (heard || apology.firstChild) return
    console.warn(`faqbot: is ${location.origin} in chat.sites?`)
    const link = document.createElement('a')
    Object.assign(link, { textContent: '在新窗口打开', href: iframe!.src, target: '_blank', rel: 'noopener' })
    apology.append('客服窗口暂时打不开，请稍后再试', link)
    card.append(apology)
  }

  function show(next: boolean): void {
    if (next === open) return
    load()
    // Its server was away when it was loaded: try again.
    if (iframe && next && ready && !heard) iframe.src += ''
    open = next
    box.classList.toggle('open', open)
    button.setAttribute('aria-expanded', String(open))
    label()
    lock()
    fit()
    tell({ faqbot: 1, type: 'shown', open, page: page() })
    if (open) iframe?.focus()
    else button.focus()
  }

  function label(): void {
    const text = open ? closeLabel : data.title || openLabel
    button.setAttribute('aria-label', unread > 0 ? `${text} (${unread})` : text)
    badge.textContent = unread > 99 ? '99+' : String(unread)
    badge.hidden = unread === 0 || open
  }

  // On phones the chat covers the page, which must not scroll behind it.
  let unlock: (() => void) | undefined

  function lock(): void {
    const wanted = open && matchMedia(phone).matches
    if (!wanted) {
      unlock?.()
      unlock = undefined
      return
    }
    if (unlock) return
    const top = scrollY
    const style = document.body.style
    const before = [style.position, style.top, style.width, style.overflow] as const
    style.position = 'fixed'
    style.top = `-${top}px`
    style.width = '100%'
    style.overflow = 'hidden'
    unlock = () => {
      ;[style.position, style.top, style.width, style.overflow] = before
      scrollTo(0, top)
    }
  }

  /** The keyboard takes a part of the screen; the chat gets the rest. */
  function fit(): void {
    const view = window.visualViewport
    const full = open && view && matchMedia(phone).matches
    card.style.height = full ? `${view.height}px` : ''
    card.style.top = full ? `${view.offsetTop}px` : ''
  }

  // The title of the page blinks while something is unread and nobody looks.
  let plainTitle: string | undefined
  let blinking: ReturnType<typeof setInterval> | undefined

  function blink(): void {
    const wanted = unread > 0 && document.hidden
    if (wanted === (blinking !== undefined)) return
    if (!wanted) {
      clearInterval(blinking)
      blinking = undefined
      if (plainTitle !== undefined) document.title = plainTitle
      plainTitle = undefined
      return
    }
    const plain = (plainTitle = document.title)
    blinking = setInterval(() => {
      document.title = document.title === plain ? (flash || '● ') + plain : plain
    }, 1000)
  }

  function received(e: MessageEvent): void {
    if (!iframe || e.source !== iframe.contentWindow || e.origin !== base.origin) return
    const m = readToPage(e.data)
    if (!m) return
    heard = true
    box.classList.add('heard')
    apology.remove()
    if (m.type === 'close') show(false)
    if (m.type === 'known') remember()
    if (m.type !== 'unread') return
    unread = m.count
    flash = m.flash
    label()
    blink()
  }

  function draw(): void {
    const color = parseColor(data.color || '') || parseColor(defaultColor)!
    const px = (value: string | undefined) => (/^\d{1,4}$/.test(value || '') ? `${value}px` : '')
    const set = (name: string, value: string) => value && box.style.setProperty(name, value)
    set('--brand', css(color))
    set('--on', css(onColor(color)))
    set('--x', px(data.offsetX))
    set('--y', px(data.offsetY))
    box.className = data.position === 'left' ? 'box left' : 'box'
    style()
    button.type = 'button'
    button.append(
      drawing('M12 4.5c-4.7 0-8.5 3.2-8.5 7.2 0 2.2 1.2 4.2 3.1 5.5l-.6 3 3.4-1.7c.8.2 1.7.3 2.6.3 4.7 0 8.5-3.2 8.5-7.1S16.7 4.5 12 4.5zM8.5 11.7h.01M12 11.7h.01M15.5 11.7h.01'),
      drawing('M6.5 9.7l5.5 5.5 5.5-5.5'),
      badge,
    )
    button.onclick = () => show(!open)
    card.className = 'card'
    box.append(card, button)
    root.append(box)
    label()
    // The host itself is in the page: what the page says of every div must not reach it.
    host.style.setProperty('all', 'initial', 'important')
    host.style.setProperty('display', 'block', 'important')
    document.body.append(host)
  }

  function drawing(d: string): SVGElement {
    const ns = 'http://www.w3.org/2000/svg'
    const svg = document.createElementNS(ns, 'svg')
    const path = document.createElementNS(ns, 'path')
    svg.setAttribute('viewBox', '0 0 24 24')
    path.setAttribute('d', d)
    svg.append(path)
    return svg
  }

  /** A sheet made by script passes a strict policy of the page; old browsers get an element. */
  function style(): void {
    try {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(styles)
      root.adoptedStyleSheets = [sheet]
    } catch {
      const element = document.createElement('style')
      element.textContent = styles
      root.append(element)
    }
  }

  draw()
  window.addEventListener('message', received)
  document.addEventListener('visibilitychange', blink)
  document.addEventListener('keydown', (e) => e.key === 'Escape' && !e.isComposing && open && show(false))
  window.visualViewport?.addEventListener('resize', fit)
  window.visualViewport?.addEventListener('scroll', fit)
  window.addEventListener('resize', () => (lock(), fit()))

  // A visitor with a conversation may get messages: load the chat, but after the page.
  const early = () => remembered() && setTimeout(load, 800)
  if (document.readyState === 'complete') early()
  else window.addEventListener('load', early)
  if (data.open !== undefined && data.open !== 'false') show(true)

  return { open: () => show(true), close: () => show(false), toggle: () => show(!open) }
}

const script =
  (document.currentScript as HTMLScriptElement | null) ?? document.querySelector<HTMLScriptElement>('script[src*="/widget.js"]')

if (script && !window.faqbot) {
  const begin = () => {
    window.faqbot ??= widget(script)
  }
  if (document.body) begin()
  else document.addEventListener('DOMContentLoaded', begin)
}
