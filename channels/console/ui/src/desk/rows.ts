// A conversation as the rows of its page.

import type { Message } from './types'
import { eventText, type Names } from './words'

export type Row =
  | { key: string; type: 'time'; at: number }
  | { key: string; type: 'fold'; count: number }
  | { key: string; type: 'event'; message: Message; text: string }
  | { key: string; type: 'line'; message: Message; first: boolean }

const pause = 5 * 60_000
const keptOfBot = 4 // messages that stay when the bot's part is folded
const worthFolding = 3

/** Kinds that are shown as what they say, not as an event. */
const remarks = new Set(['note', 'whisper', 'summary', 'leave', 'rating', 'form'])

const toHumans = new Set(['queued', 'accepted', 'taken_over'])

/** How many of the first messages are the bot's part and may be folded away. */
export function foldable(messages: readonly Message[]): number {
  const handoff = messages.findIndex((m) => toHumans.has(m.kind))
  if (handoff < 0) return 0
  const count = handoff - keptOfBot
  return count >= worthFolding ? count : 0
}

/** The rows of messages; those of the bot's part are one row if folded. */
export function rowsOf(messages: readonly Message[], names: Names, folded: boolean): Row[] {
  const count = folded ? foldable(messages) : 0
  const rows: Row[] = []
  if (count > 0) rows.push({ key: 'fold', type: 'fold', count })
  let before: Message | undefined
  for (const m of messages.slice(count)) {
    if (m.kind === 'event') continue
    if (!before || m.at - before.at > pause) rows.push({ key: 't' + m.seq, type: 'time', at: m.at })
    const text = remarks.has(m.kind) ? '' : eventText(m, names)
    const key = 'm' + m.seq
    if (text) rows.push({ key, type: 'event', message: m, text })
    else rows.push({ key, type: 'line', message: m, first: !before || startsRun(before, m) })
    before = m
  }
  return rows
}

/** Whether somebody else speaks than before. */
function startsRun(before: Message, m: Message): boolean {
  return before.author !== m.author || before.card.agent !== m.card.agent || m.at - before.at > pause || remarks.has(before.kind) !== remarks.has(m.kind)
}
