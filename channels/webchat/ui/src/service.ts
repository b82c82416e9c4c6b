// Who has the conversation: the bot, the queue or an agent. It follows from the
// messages alone, so that a reload finds it as it was.

import type { Message } from './protocol'

export type Phase = 'bot' | 'queue' | 'agent'

export interface Service {
  phase: Phase
  nick: string // of the agent
}

/** A place in the queue, as told last. */
export interface Place {
  state: string // nobody or closed: no agent is there
  ahead: number
  low: number // seconds; both 0: nobody can say
  high: number
}

const turns: Record<string, Phase> = {
  queued: 'queue', requeued: 'queue', transferred: 'queue', // a transfer to a colleague goes on with accepted
  accepted: 'agent', taken_over: 'agent',
  returned: 'bot', closed: 'bot',
}

/** The phase that begins with a message, if one does. */
export const phaseOf = (m: Message): Phase | undefined => (m.author === 'system' ? turns[m.kind] : undefined)

/** Looks for the last turn; where it is too far back, for the last who spoke. */
export function serviceOf(messages: Message[], conversation: string, waits: boolean): Service {
  let spoke: Message | undefined
  for (let i = messages.length - 1; i >= 0; i--) {
    const m = messages[i]!
    if (m.conversation !== conversation) break
    const phase = phaseOf(m)
    if (phase) return { phase, nick: phase === 'agent' ? m.card.nick || spoke?.card.nick || '' : '' }
    if (!spoke && (m.author === 'agent' || (m.author === 'bot' && m.kind === 'answer'))) spoke = m
  }
  if (waits) return { phase: 'queue', nick: '' }
  return spoke?.author === 'agent' ? { phase: 'agent', nick: spoke.card.nick } : { phase: 'bot', nick: '' }
}

/** The wait in whole minutes, as "3" or "2–4"; nothing if nobody can say. */
export function minutes(p: Place): string {
  const high = Math.ceil(p.high / 60)
  const low = Math.min(high, Math.max(1, Math.floor(p.low / 60)))
  if (high <= 0) return ''
  return low === high ? String(high) : `${low}–${high}`
}

/** What stands for a person's picture: the last character of 小李, the first of Ann. */
export function initial(nick: string): string {
  const all = Array.from(nick.trim())
  const last = all[all.length - 1] ?? ''
  return /\p{Script=Han}/u.test(last) ? last : (all[0] ?? '').toUpperCase()
}
