// Official accounts of WeChat: their words, their limits, and the draft of a page.

import { api, type Schemas } from '../api'

export type Account = Schemas['OfficialInfo']
export type Rule = Schemas['OfficialRule']
export type Button = Schemas['OfficialButton']
export type Trouble = Schemas['OfficialTrouble']
type Fields = Omit<Schemas['PutOfficialInputBody'], 'secret' | 'token' | 'aes_key'>

/** An account as it is being written. Secrets that stay empty stay as they are. */
export interface Draft extends Fields {
  id: string
  secret: string
  token: string
  aes_key: string
}

const path = '/official/accounts/{id}'
export const calls = {
  list: async () => (await api.get('/official/accounts')).accounts,
  save: ({ id, ...body }: Draft) => api.put(path, { path: { id }, body }),
  drop: (id: string) => api.delete(path, { path: { id } }),
  probe: (id: string) => api.post(`${path}/probe`, { path: { id } }),
  publish: (id: string) => api.post(`${path}/menu`, { path: { id } }),
  trouble: (id: string) => api.get(`${path}/trouble`, { path: { id } }),
}

export const kinds: Record<Fields['kind'], string> = { service: '服务号', subscription: '订阅号', sandbox: '测试号' }
export const modes: Record<Fields['mode'], string> = { safe: '安全模式', compatible: '兼容模式', plain: '明文模式' }
export const happenings: Record<Rule['on'], string> = { subscribe: '关注', scan: '扫码', click: '点菜单' }
export const deeds: Record<Rule['do'], string> = { welcome: '发欢迎语', reply: '固定回复', question: '当作提问', handoff: '转人工', nothing: '不回应' }
export const needsText = (d: Rule['do']): boolean => d === 'reply' || d === 'question'

/** The limits of the platform. */
export const most = { buttons: 3, subs: 5, rules: 100 }

export const newDraft = (): Draft => ({
  id: '', name: '', kind: 'service', app_id: '', mode: 'safe', sends: true, menus: true, region: '', level: '',
  events: [{ on: 'subscribe', key: '', do: 'welcome', text: '' }], menu: [], disabled: false, version: 0, secret: '', token: '', aes_key: '',
})

/** Where the platform finds us, if it does so by the name that this page has. */
export const addressOf = (a: Account): string => location.origin + a.callback

/** A draft of its own: what is changed in it changes nothing in the account. */
export function draftOf(a: Account): Draft {
  const { id, name, kind, app_id, mode, sends, menus, region, level, events, menu, disabled, version } = JSON.parse(JSON.stringify(a)) as Account
  return { id, name, kind, app_id, mode, sends, menus, region, level, events, menu, disabled, version, secret: '', token: '', aes_key: '' }
}

export const same = (a: Draft, b: Draft): boolean => JSON.stringify(a) === JSON.stringify(b)

/** The tab on which a field stands. */
export const tabOf = (field: string): 'basics' | 'events' | 'menu' =>
  /^events\b/.test(field) ? 'events' : /^menu\b/.test(field) ? 'menu' : 'basics'

/** How an account is, for a badge. What failed is news for a day. */
export function stateOf(a: Account, now: number): { text: string; tone: '' | 'is-good' | 'is-warn' } {
  if (a.disabled) return { text: '已停用', tone: '' }
  if (a.last && now - a.last.at < 86_400_000) return { text: '最近有错误', tone: 'is-warn' }
  return { text: '正常', tone: 'is-good' }
}

/** 45047, or that there was no answer. */
export const codeText = (code: number): string => (code === 0 ? '连不上' : String(code))

/** What failed: a call, by its code, or what came from the platform. */
export const failureText = (f: { api: string; code: number }): string => (f.api === 'callback' ? '推送' : codeText(f.code))

/** How long a text is for the platform, in bytes. */
export const bytes = (text: string): number => new TextEncoder().encode(text).length

/** What is wrong with the name of a button, or how the phones will show it. */
export function nameNote(name: string, sub: boolean): { bad: boolean; text: string } {
  const [limit, seen] = sub ? [60, 8] : [16, 4]
  const used = bytes(name.trim())
  if (used > limit) return { bad: true, text: `太长了：最多 ${Math.floor(limit / 3)} 个汉字或 ${limit} 个字母` }
  if (width(name.trim()) > seen) return { bad: false, text: `手机上超过 ${seen} 个汉字的部分可能显示成“…”` }
  return { bad: false, text: `建议不超过 ${seen} 个汉字` }
}

/** The width of a text in Chinese characters. */
const width = (text: string): number => [...text].reduce((sum, c) => sum + (c.charCodeAt(0) < 256 ? 0.5 : 1), 0)

/** The rule that holds for a button with the key. */
export const ruleFor = (rules: readonly Rule[], key: string): Rule | undefined => rules.find((r) => r.on === 'click' && (r.key === key || r.key === ''))

/** The keys of the buttons of a menu. */
export const keysOf = (menu: readonly Button[]): string[] => [...new Set(menu.flatMap((b) => (b.buttons?.length ? keysOf(b.buttons) : b.key ? [b.key] : [])))]

/** What is wrong inside of a button: its first field that begins with the place. */
export const wrongAt = (fields: Record<string, string>, at: string): string =>
  Object.entries(fields).find(([name]) => name === at || name.startsWith(at + '.'))?.[1] ?? ''

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A secret that nobody has thought of, of letters and digits. */
export function madeUp(length: number): string {
  let text = ''
  while (text.length < length) {
    const [n = 0] = crypto.getRandomValues(new Uint8Array(1))
    if (n < letters.length * 4) text += letters[n % letters.length]
  }
  return text
}

/** Puts a text where it can be pasted from. Without https there is no clipboard. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
