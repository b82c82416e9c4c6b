// What a channel still lets through to a visitor, and what became of what was
// written to them.

import type { Fate, Message, Reach } from './types'

export interface Standing {
  left: number
  of: number
  tone: 'calm' | 'warn' | 'none' | 'kept'
  /** 剩 3/5 条 */
  text: string
  /** 剩 41 小时; empty if that is nothing to say */
  time: string
  /** What it means, line by line. */
  about: string[]
  /** Why nothing can be sent now; empty if something can. */
  blocked: string
}

const rules = ['微信规定：顾客发言后 48 小时内最多发 5 条；点菜单、扫码或关注后 1 分钟内最多 3 条。顾客再有动作就重新计算。', '接连写的短句会合并成一条，最后一条尽量留给结束语。']

/** How an agent stands with a visitor at a moment. */
export function standing(reach: Reach, now: number): Standing {
  const { of } = reach
  const over = reach.until <= now
  const left = over ? 0 : reach.left
  const waiting = reach.waiting > 0 ? [`有 ${reach.waiting} 条写好了，正在等待发送。`] : []
  const base = { left, of, time: '', blocked: '' }
  if (of === 0) {
    const about = ['这个公众号不能主动给顾客发消息。您写的回复会存着，顾客下次发言时一起送到。', ...waiting]
    return { ...base, tone: 'kept', text: '随顾客下一条消息送达', about }
  }
  if (left > 0) {
    const last = left === 1 ? ['只剩最后 1 条了，请想好再发。'] : []
    return { ...base, tone: left === 1 ? 'warn' : 'calm', text: `剩 ${left}/${of} 条`, time: '剩 ' + remaining(reach.until - now), about: [...last, ...rules, ...waiting] }
  }
  const blocked = over ? '顾客太久没有发言，微信不再允许发消息。' : `这一轮的 ${of} 条已经用完，微信不再允许发消息。`
  return { ...base, tone: 'none', text: over ? '已过时限' : `剩 0/${of} 条`, about: [...rules, ...waiting], blocked: blocked + '顾客再次发言后就能继续。' }
}

/** 41 小时, 35 分钟, 50 秒 */
function remaining(millis: number): string {
  const seconds = Math.ceil(millis / 1000)
  if (seconds < 60) return `${seconds} 秒`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} 分钟`
  return `${Math.floor(seconds / 3600)} 小时`
}

/** What became of a line, in words. */
export function fateText(f: Fate): string {
  switch (f.state) {
    case 'waiting': return '等待发送'
    case 'kept': return '将随顾客下一条消息送达'
    case 'sent': return '已送达微信'
    case 'unknown': return '可能已送达'
    case 'refused': return '未发送' + (f.reason ? `：${f.reason}` : '')
    case 'failed': return `发送失败${f.code ? `（${f.code}）` : ''}` + (f.reason ? `：${f.reason}` : '')
  }
}

/** What more there is to say about it. */
export function fateAbout(f: Fate): string {
  if (f.state === 'waiting') return '稍等片刻：接着写的短句会和它合并成一条，省下条数'
  if (f.state === 'unknown') return '发出后没有收到微信的答复。为了不让顾客收到两遍，系统不会重发；可以问问顾客收到没有'
  return ''
}

export const fateIsBad = (f: Fate): boolean => f.state === 'failed' || f.state === 'refused'

/** The fates to show, by the number of the message: of lines that arrived one after
 * the other, the last one tells. */
export function fatesShown(messages: readonly Message[], fates: ReadonlyMap<number, Fate>): Map<number, Fate> {
  const shown = new Map<number, Fate>()
  let before = 0 // the line of an agent before, if it has arrived and nobody else spoke since
  for (const m of messages) {
    if (m.author === 'visitor' || m.author === 'bot') before = 0
    const fate = m.author === 'agent' ? fates.get(m.seq) : undefined
    if (!fate) continue
    if (fate.state === 'sent') shown.delete(before)
    before = fate.state === 'sent' ? m.seq : 0
    shown.set(m.seq, fate)
  }
  return shown
}
