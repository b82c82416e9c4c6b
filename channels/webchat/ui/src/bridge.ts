// What the page's loader and the frame say to each other with postMessage. Both
// sides check where a message comes from and what it looks like.

export interface PageOptions {
  title: string
  color: string
  lang: string
  account: string
  name: string
  welcome: string
  placeholder: string
}

export interface PageInfo {
  url: string
  title: string
  referrer: string
}

export type ToFrame =
  | { faqbot: 1; type: 'init'; options: PageOptions; page: PageInfo; open: boolean }
  | { faqbot: 1; type: 'shown'; open: boolean; page: PageInfo }

export type ToPage =
  | { faqbot: 1; type: 'hello' } // the answer to init
  | { faqbot: 1; type: 'close' }
  | { faqbot: 1; type: 'unread'; count: number; flash: string }
  | { faqbot: 1; type: 'known' } // the visitor has a conversation: load the frame early next time

export const optionNames: (keyof PageOptions)[] = ['title', 'color', 'lang', 'account', 'name', 'welcome', 'placeholder']

type Raw = Record<string, unknown>
const object = (v: unknown): Raw => (v && typeof v === 'object' ? (v as Raw) : {})
const text = (v: unknown, most: number): string => (typeof v === 'string' ? v.slice(0, most) : '')

function readPage(v: unknown): PageInfo {
  const p = object(v)
  return { url: text(p.url, 2000), title: text(p.title, 200), referrer: text(p.referrer, 2000) }
}

/** Reads a message to the frame; anything else is nothing. */
export function readToFrame(v: unknown): ToFrame | undefined {
  const m = object(v)
  if (m.faqbot !== 1 || typeof m.open !== 'boolean') return undefined
  if (m.type === 'shown') return { faqbot: 1, type: 'shown', open: m.open, page: readPage(m.page) }
  if (m.type !== 'init') return undefined
  const given = object(m.options)
  const options = {} as PageOptions
  for (const name of optionNames) options[name] = text(given[name], 500)
  return { faqbot: 1, type: 'init', options, page: readPage(m.page), open: m.open }
}

/** Reads a message to the page; anything else is nothing. */
export function readToPage(v: unknown): ToPage | undefined {
  const m = object(v)
  if (m.faqbot !== 1) return undefined
  if (m.type === 'hello' || m.type === 'close' || m.type === 'known') return { faqbot: 1, type: m.type }
  if (m.type !== 'unread' || typeof m.count !== 'number' || !(m.count >= 0)) return undefined
  return { faqbot: 1, type: 'unread', count: Math.min(Math.floor(m.count), 999), flash: text(m.flash, 40) }
}

/**
 * Tells which origins may embed the frame: its own, and those of the list that the
 * server filled in (JSON, or words). https://*.shop.example stands for all names
 * below shop.example, with the same scheme and port, but not for itself.
 */
export function originTest(list: string, own: string): (origin: string) => boolean {
  const sites = list.toLowerCase().split(/[\s,"[\]]+/).filter((s) => /^https?:\/\/(\*\.)?[^/*?#]+$/.test(s))
  const fits = (origin: string) => (site: string) => {
    const [scheme, suffix] = site.split('*') as [string, string?]
    if (suffix === undefined) return origin === site
    const labels = origin.slice(scheme.length, -suffix.length)
    return origin === scheme + labels + suffix && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(labels)
  }
  return (origin) => origin === own || sites.some(fits(origin))
}
