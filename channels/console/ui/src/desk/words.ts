// The desk in words.

import type { Card, Group, Item, Message, Presence, Preview } from './types'

const presences: Record<Presence, string> = { online: '在线', resting: '小休', away: '离开', offline: '离线' }
export const allPresences = Object.keys(presences) as Presence[]
export const presenceText = (p: Presence): string => presences[p] ?? p

const channels: Record<string, string> = { web: '网站', wechat: '微信' }
export const channelText = (channel: string): string => channels[channel] ?? channel

const rules: Record<string, string> = {
  words: '访客要求人工',
  button: '访客点了“转人工”',
  complaint: '访客在投诉',
  anger: '访客情绪激动',
  repeat: '同一个问题问了好几遍',
  misses: '机器人连续没有答上来',
  dislike: '访客觉得回答没用',
  unsolved: '访客说问题没有解决',
  sensitive: '说到了敏感话题',
  human_first: '现在由人工优先接待',
}
/** Why a conversation came to the humans. */
export const ruleText = (rule: string): string => rules[rule] ?? rule

const closings: Record<string, string> = { visitor: '访客结束了会话', agent: '坐席结束了会话', idle: '很久没有新消息，自动结束', silent: '访客没有再说话，自动结束' }
/** Why a conversation ended. */
export const closingText = (reason: string): string => closings[reason] ?? '会话已结束'

/** Rules that call for care. */
export const hotRule = (rule: string): boolean => rule === 'complaint' || rule === 'anger'

const fields: Record<string, string> = {
  name: '姓名', sex: '性别', age: '年龄', phone: '电话', email: '邮箱', address: '地址', occupation: '职业', employer: '单位',
  account: '账号', credit: '信用', family: '家庭', tastes: '喜好', requests: '需求', complaints: '投诉', suggestions: '建议', bought: '购买记录',
}
export const fieldText = (name: string): string => fields[name] ?? name
/** The fields of a form that was filled in, in the order of the customer card. */
export const formLines = (c: Card): { label: string; value: string }[] =>
  Object.keys(fields).flatMap((name) => (c.fields?.[name] ? [{ label: fields[name]!, value: c.fields[name] }] : []))
/** Fields that may hold several lines. */
export const longField = (name: string): boolean => ['address', 'family', 'tastes', 'requests', 'complaints', 'suggestions', 'bought'].includes(name)

export const nameOf = (i: Pick<Item, 'visitor_name' | 'id'>): string => i.visitor_name || '访客 ' + i.id.slice(-4).toUpperCase()

const kinds: Record<string, string> = {
  image: '[图片]', file: '[文件]', survey: '[邀请评价]', rating: '[评价]', leave_form: '[留言表]', leave: '[留言]', form: '[填写了资料]', handoff: '[转人工]',
}
/** The last message on one line. */
export function previewText(p: Preview | undefined): string {
  if (!p || p.author === 'system') return ''
  if (p.kind === 'file' && p.file) return '[文件] ' + p.file.name
  return p.text || kinds[p.kind] || ''
}

/** 8 秒, 1 分 20 秒, 12 分钟, 2 小时 5 分 */
export function spanText(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  const minutes = Math.floor(seconds / 60)
  if (minutes < 1) return `${seconds} 秒`
  if (minutes < 10) return seconds % 60 ? `${minutes} 分 ${seconds % 60} 秒` : `${minutes} 分钟`
  if (minutes < 60) return `${minutes} 分钟`
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return `${Math.floor(hours / 24)} 天`
  return minutes % 60 ? `${hours} 小时 ${minutes % 60} 分` : `${hours} 小时`
}

/** 0:08, 12:05, 1:02:05; long ones in days */
export function clockText(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  const two = (n: number): string => String(n).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  if (hours >= 24) return `${Math.floor(hours / 24)} 天`
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest.replace(/^0/, '')
}

/** How a wait looks: green below a minute, amber below three, then red. */
export function heat(millis: number): 'good' | 'warn' | 'bad' {
  return millis < 60_000 ? 'good' : millis < 180_000 ? 'warn' : 'bad'
}

/** 12 B, 34 KB, 1.2 MB */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`
  return `${(bytes / 1024 / 1024).toFixed(1).replace(/\.0$/, '')} MB`
}

export const levelText = (level: number): string => (level > 0 ? `VIP ${level}` : '普通')

/** What stands in the names that an event tells. */
export interface Names {
  nick(account: string): string
  group(id: string): string
}

const returned: Record<string, string> = { visitor: '访客取消排队', agent: '坐席交回', nobody: '没有坐席在线', gone: '访客离开了页面' }
const passed: Record<string, string> = { declined: '没有接', late: '超时没有接入', gone: '已不在线' }

/** What happened, on one line; empty for messages that are no events. */
export function eventText(m: Message, names: Names): string {
  const c = m.card
  const who = c.nick || (c.agent ? names.nick(c.agent) : '')
  switch (m.kind) {
    case 'queued':
      return '进入排队' + within(c, names) + (c.reason ? ' · ' + ruleText(c.reason) : '')
    case 'accepted':
      return `${who} 接入` + (c.waited && c.waited >= 1000 ? `（等了 ${spanText(c.waited)}）` : '')
    case 'transferred':
      return `${who} 转接给 ${c.to ? names.nick(c.to) : (names.group(c.group ?? '') || '其他坐席')}` + (c.note ? `：${c.note}` : '')
    case 'requeued':
      return `${who} 断线，回到队首`
    case 'taken_over':
      return `${who} 接管` + (c.to ? `（原来是 ${names.nick(c.to)}）` : '')
    case 'returned':
      return '交还机器人' + (c.reason ? ` · ${returned[c.reason] ?? c.reason}` : '')
    case 'offered':
      return `分配给 ${who}`
    case 'passed':
      return `${who} ${passed[c.reason ?? ''] ?? '没有接入'}`
    case 'reminded':
      return `访客在等，已提醒 ${who} 尽快回复`
    case 'gone':
      return '访客离开了页面'
    case 'back':
      return '访客回来了'
    case 'closed':
      return m.text || '会话已结束'
    default:
      return visitorEvent(m, c)
  }
}

const within = (c: Card, names: Names): string => (c.group && names.group(c.group) ? `（${names.group(c.group)}）` : '')

function visitorEvent(m: Message, c: Card): string {
  switch (m.kind) {
    case 'handoff':
      return '访客请求转人工'
    case 'unqueue':
      return '访客取消排队'
    case 'close':
      return '访客结束了会话'
    case 'feedback':
      return `访客觉得回答${c.yes ? '有用' : '没用'}` + (m.text ? `：${m.text}` : '')
    case 'solved':
      return c.yes ? '访客说问题解决了' : '访客说问题没有解决'
    case 'ask_solved':
      return '机器人问：解决了吗'
    case 'survey':
      return '已邀请访客评价'
    case 'leave_form':
      return '机器人请访客留言'
    default:
      return ''
  }
}

/** Names for the ids of accounts and groups. */
export function namesFrom(accounts: ReadonlyMap<string, string>, groups: readonly Group[]): Names {
  return {
    nick: (id) => accounts.get(id) ?? '同事',
    group: (id) => groups.find((g) => g.id === id)?.name ?? '',
  }
}

/** The browser and the system in a few words. */
export function browserText(agent: string): string {
  const browser = [
    [/MicroMessenger\/([\d.]+)/, '微信'], [/Edg\/(\d+)/, 'Edge'], [/OPR\/(\d+)/, 'Opera'], [/Firefox\/(\d+)/, 'Firefox'],
    [/Chrome\/(\d+)/, 'Chrome'], [/Version\/(\d+).*Safari/, 'Safari'],
  ] as const
  const system = [
    [/Windows/, 'Windows'], [/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/HarmonyOS/, 'HarmonyOS'], [/Mac OS X/, 'macOS'], [/Linux/, 'Linux'],
  ] as const
  const b = browser.map(([p, name]) => (p.exec(agent) ? `${name} ${p.exec(agent)?.[1] ?? ''}` : '')).find(Boolean)
  const s = system.find(([p]) => p.test(agent))?.[1]
  return [b?.trim(), s].filter(Boolean).join(' · ') || agent
}
