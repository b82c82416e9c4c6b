// From the state of a conversation to the rows of the list, top to bottom. Pure.

import type { Message } from './protocol'
import { phaseOf, type Phase } from './service'
import { asMessage, isMark, markKey, type Pending, type Store } from './store'

export interface Rating {
  yes?: boolean
  stars: number
  tags: string[]
  text: string
}

/** What later messages made of a message. */
export interface Fate {
  vote?: boolean // of an answer
  solved?: boolean // of ask_solved
  over?: boolean // of an offer: another message followed
  chosen?: number // of an offer
  handed?: boolean // a human was asked for after it
  done?: boolean // of a leave_form
  rating?: Rating // of a survey
  refused?: string // why the visitor's reply was not taken
  last?: boolean // of closed: nothing follows
}

export interface MessageRow {
  type: 'message'
  key: string
  message: Message
  first: boolean // of its group
  fate: Fate
  pending?: Pick<Pending, 'id' | 'state' | 'error'>
  provisional: boolean
  read: boolean // by the agent
}

export type Row =
  | { type: 'more'; key: string }
  | { type: 'welcome'; key: string }
  | { type: 'time'; key: string; at: number }
  | { type: 'typing'; key: string; author: 'bot' | 'agent' }
  | MessageRow

const minutes = 60_000
const asks = new Set(['text', 'pick', 'handoff'])

/** Lines that are no bubbles. */
const quiet = (m: Message): boolean => m.author === 'system' || m.kind === 'form'

interface Item {
  message: Message
  pending?: Pending
  provisional: boolean
}

function items(store: Store): Item[] {
  const all: Item[] = []
  const add = (message: Message, pending?: Pending) => {
    all.push({ message, pending, provisional: false })
    if (message.author !== 'visitor') return
    for (const m of store.provisional.get(message.id) ?? []) all.push({ message: m, provisional: true })
  }
  for (const m of store.messages) add(m)
  for (const p of store.outbox) add(asMessage(p, store.conversation), p)
  return all
}

/** Walks from the last to the first, so that each item knows what follows it. */
function fates(all: Item[], store: Store): Fate[] {
  const votes = new Map<string, boolean>()
  const ratings = new Map<string, Rating>()
  const result: Fate[] = new Array(all.length)
  let next: Message | undefined // the next question of the visitor
  let handed = false
  let left = false
  for (let i = all.length - 1; i >= 0; i--) {
    const { message: m, pending } = all[i]!
    const key = (kind: string) => markKey(kind, m.conversation, m.seq)
    result[i] = {}
    const fate = result[i]!
    if (m.author === 'visitor') {
      if (pending?.state === 'failed') continue
      const of = markKey(m.kind, m.conversation, m.card.of)
      if ((m.kind === 'feedback' || m.kind === 'solved') && m.card.yes !== undefined && !votes.has(of)) votes.set(of, m.card.yes)
      if (m.kind === 'rating') ratings.set(of, { yes: m.card.yes, stars: m.card.stars, tags: m.card.tags, text: m.text })
      if (m.kind === 'handoff') handed = true
      if (m.kind === 'leave') left = true
      if (asks.has(m.kind)) next = m
      continue
    }
    fate.handed = handed
    switch (m.kind) {
      case 'answer':
        fate.vote = votes.get(key('feedback'))
        break
      case 'ask_solved':
        fate.solved = votes.get(key('solved'))
        fate.refused = store.refused.get(key('solved'))
        break
      case 'offer':
        fate.over = next !== undefined
        fate.chosen = next && chosen(m, next)
        break
      case 'leave_form':
        fate.done = left
        left = false
        break
      case 'survey':
        fate.rating = ratings.get(key('rating'))
        fate.refused = store.refused.get(key('rating'))
        break
      case 'closed':
        // The survey and the thanks may follow, a question may not.
        fate.last = m.conversation === store.conversation && all.slice(i + 1).every((x) => x.message.author !== 'visitor' || isMark(x.message.kind))
        break
    }
  }
  return result
}

function chosen(offer: Message, reply: Message): number | undefined {
  const options = offer.card.options
  if (reply.kind === 'pick') {
    const found = options.findIndex((o) => (reply.card.entry ? o.entry === reply.card.entry : o.question === reply.text))
    return found < 0 ? undefined : found
  }
  const n = /^[1-9]$/.test(reply.text.trim()) ? Number(reply.text.trim()) : 0
  return n >= 1 && n <= options.length ? n - 1 : undefined
}

/** Builds the rows. fresh: the visitor asked for a new start after the end. */
export function timeline(store: Store, view: { typing: false | 'bot' | 'agent'; fresh: boolean }): Row[] {
  const all = items(store)
  const fate = fates(all, store)
  if (view.fresh) for (const f of fate) f.last = false
  const rows: Row[] = []
  if (store.more) rows.push({ type: 'more', key: 'more' })
  else rows.push({ type: 'welcome', key: 'welcome' })

  let before: Message | undefined // the last one painted
  let last: MessageRow | undefined
  let phase: Phase = 'bot' // as far as is known
  let conversation = ''
  all.forEach(({ message, pending, provisional }, i) => {
    if (message.conversation !== conversation) phase = 'bot'
    conversation = message.conversation
    if (message.author === 'agent') phase = 'agent'
    phase = phaseOf(message) ?? phase
    if (isMark(message.kind) && message.author === 'visitor') return
    if (message.kind === 'event') return
    const apart = message.at > 0 && (!before || message.at - before.at > 5 * minutes || message.conversation !== before.conversation)
    // A message that is only waiting has no new conversation of its own.
    const key = message.id ? `id/${message.id}` : provisional ? `provisional/${i}` : `${message.conversation}/${message.seq}`
    if (apart && !provisional) rows.push({ type: 'time', key: `time/${key}`, at: message.at })
    const joins = !apart && last !== undefined && before !== undefined && before.author === message.author &&
      before.card.nick === message.card.nick && !quiet(message) && !quiet(before) && last.provisional === provisional
    last = {
      type: 'message', key, message, first: !joins, fate: fate[i]!, provisional,
      read: phase !== 'bot' && message.author === 'visitor' && message.seq > 0 && message.conversation === store.conversation && message.seq <= store.seen,
      pending: pending && { id: pending.id, state: pending.state, error: pending.error },
    }
    rows.push(last)
    before = message
  })
  if (view.fresh) rows.push({ type: 'welcome', key: 'fresh' })
  if (view.typing) rows.push({ type: 'typing', key: 'typing', author: view.typing })
  return rows
}

/** The id of the visitor's message that waits for an answer, or nothing. */
export function waitingFor(store: Store): string {
  if (store.service.phase !== 'bot') return '' // people answer when they can
  const all = items(store).filter((x) => x.message.kind !== 'event')
  const last = all[all.length - 1]
  if (!last || last.message.author !== 'visitor') return ''
  if (last.pending && last.pending.state !== 'sending' && last.pending.state !== 'acked') return ''
  return asks.has(last.message.kind) || last.message.kind === 'leave' ? last.message.id : ''
}
