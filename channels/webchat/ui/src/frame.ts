// The page inside the widget's iframe, and the same page by itself. It waits for
// the loader's word when it is embedded, then starts the chat.

import './styles/frame.css'
import { originTest, readToFrame, type PageInfo, type PageOptions, type ToFrame, type ToPage } from './bridge'
import { Chat } from './chat'
import { css, defaultColor, makeTheme, parseColor } from './color'
import { makeTexts, pickLanguage, usualLanguage } from './i18n'
import { allowSound } from './sound'
import { openStorage } from './storage'
import { App } from './view/app'

const initPatience = 3_000 // an iframe without the loader starts by itself

const embedded = window.parent !== window
const sites = document.querySelector('meta[name="faqbot-sites"]')?.getAttribute('content') ?? ''
const allowed = originTest(sites, location.origin)

/** The origin of the page around, known from its first message. */
let parentOrigin = ''

function tell(message: ToPage): void {
  if (parentOrigin) window.parent.postMessage(message, parentOrigin)
}

function paint(color: string): void {
  const theme = makeTheme(color)
  const root = document.documentElement.style
  for (const [name, value] of Object.entries(theme)) root.setProperty('--' + name.replace(/[A-Z]/g, (c) => '-' + c.toLowerCase()), css(value))
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', css(theme.brand))
}

/** Phones: the page is as high as what the keyboard leaves of the screen. */
function fitToKeyboard(): void {
  const view = window.visualViewport
  if (embedded || !view) return
  const fit = () => {
    document.documentElement.style.setProperty('--height', `${Math.round(view.height)}px`)
    window.scrollTo(0, 0)
  }
  view.addEventListener('resize', fit)
  fit()
}

function start(options: PageOptions, page: PageInfo, open: boolean): (m: ToFrame) => void {
  const query = new URLSearchParams(location.search)
  const option = (name: keyof PageOptions) => options[name] || (embedded ? '' : (query.get(name) ?? ''))
  const language = pickLanguage(option('lang') || usualLanguage(navigator.language))
  const given = { title: option('title'), welcome: option('welcome'), placeholder: option('placeholder') }
  const texts = makeTexts(language, given)
  const kept = openStorage('localStorage')
  let shown = open
  let unread = -1
  let known = false

  document.documentElement.lang = language
  paint(option('color') || defaultColor)

  const visible = () => shown && !document.hidden

  /** Reads what is in view, counts the rest, and tells the page around. */
  const notice = () => {
    if (visible() && app.seesLast) chat.look()
    const count = chat.store.unread()
    if (count === unread) return
    unread = count
    tell({ faqbot: 1, type: 'unread', count, flash: texts.flash })
    if (!embedded) flashTitle(count > 0 && document.hidden ? texts.flash : '')
  }

  const chat = new Chat({
    base: new URL('.', location.href).href,
    profile: { account: option('account'), name: option('name'), language, page: page.url, title: page.title, referrer: page.referrer },
    kept,
    passing: openStorage('sessionStorage'),
    changed: () => {
      app.changed()
      if (chat.store.conversation && !known) tell({ faqbot: 1, type: 'known' })
      known = chat.store.conversation !== ''
      setTimeout(notice, 300)
    },
    arrived: () => {
      if (!visible()) app.ring()
    },
    rejected: (text) => app.ctx.toast(text || texts.failed),
    greeting: (s) => {
      // What the page says goes before what the server says.
      Object.assign(texts, makeTexts(language, s.texts, given))
      if (!option('color') && s.texts.color && parseColor(s.texts.color)) paint(s.texts.color)
      app.relabel()
    },
  })
  const app = new App({ chat, texts, language }, { embedded, kept, close: () => embedded && tell({ faqbot: 1, type: 'close' }) })

  document.body.replaceChildren(app.element)
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return
    chat.wake()
    notice()
  })
  window.addEventListener('pageshow', (e) => e.persisted && chat.wake())
  window.addEventListener('online', () => chat.wake())
  window.addEventListener('offline', () => app.changed())
  window.addEventListener('scroll', notice, true)
  document.addEventListener('pointerdown', allowSound, { passive: true })
  document.addEventListener('keydown', allowSound)
  fitToKeyboard()
  chat.start()
  app.changed()
  const withKeyboard = window.matchMedia('(hover: hover) and (pointer: fine)').matches
  if (open) app.shown(withKeyboard)

  return (m) => {
    if (m.type !== 'shown') return
    shown = m.open
    chat.visits({ page: m.page.url, title: m.page.title, referrer: m.page.referrer })
    if (!shown) return
    chat.wake()
    app.shown(withKeyboard)
    notice()
  }
}

let flashing: ReturnType<typeof setInterval> | undefined
let plainTitle = ''

/** Lets the title of the page by itself blink; '' stops it. */
function flashTitle(flash: string): void {
  if (flashing) {
    clearInterval(flashing)
    flashing = undefined
    document.title = plainTitle
  }
  if (!flash) return
  plainTitle = document.title
  let on = false
  flashing = setInterval(() => (document.title = (on = !on) ? flash + plainTitle : plainTitle), 1000)
}

function alone(): void {
  const none: PageOptions = { title: '', color: '', lang: '', account: '', name: '', welcome: '', placeholder: '' }
  start(none, { url: location.href, title: document.title, referrer: document.referrer }, true)
}

function waitForPage(): void {
  let running: ((m: ToFrame) => void) | undefined
  const timer = setTimeout(() => {
    running = () => undefined
    alone()
  }, initPatience)
  window.addEventListener('message', (e) => {
    if (e.source !== window.parent || !allowed(e.origin)) return
    const m = readToFrame(e.data)
    if (!m) return
    if (running) return running(m)
    if (m.type !== 'init') return
    clearTimeout(timer)
    parentOrigin = e.origin
    tell({ faqbot: 1, type: 'hello' })
    running = start(m.options, m.page, m.open)
  })
}

if (embedded) waitForPage()
else alone()
