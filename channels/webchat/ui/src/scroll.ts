// Where the list rests when something new has come. Pure.

import type { MessageRow, Row } from './timeline'

const gap = 8
const oneLine = 64 // of a reply: its name, its edge, and a line

export interface Anchor {
  question: string // the row that begins the exchange
  reply: string // the first row that answers
}

/**
 * The exchange to be read from its beginning: the last message that came before
 * the new ones, if it is the visitor's, and the first of the new. Another message of
 * the bot belongs to the exchange before it; an agent's stands for itself.
 */
export function anchorFor(rows: Row[], known: string, before?: Anchor): Anchor | undefined {
  const messages = rows.filter((r): r is MessageRow => r.type === 'message')
  if (messages[messages.length - 1]?.message.author === 'visitor') return undefined
  const at = messages.findIndex((r) => r.key === known)
  // The last one known is not there at the first painting: take the last question.
  const from = at >= 0 ? at + 1 : messages.length - 1
  let first = from
  for (let i = messages.length - 1; i > from; i--) {
    if (messages[i - 1]!.message.author !== 'visitor') continue
    first = i
    break
  }
  const reply = messages[first]
  if (!reply) return undefined
  const question = messages[first - 1]
  if (question?.message.author === 'visitor') return { question: question.key, reply: reply.key }
  if (before && reply.message.author !== 'agent') return before
  return { question: reply.key, reply: reply.key }
}

/**
 * How far to scroll: to the question, or to the reply if its first line would not
 * fit below the question, but never further than to the bottom.
 */
export function rest(bottom: number, view: number, tops?: { question: number; reply: number }): number {
  if (!tops) return bottom
  const top = tops.reply - tops.question > view - oneLine ? tops.reply : tops.question
  return Math.max(0, Math.min(bottom, top - gap))
}
