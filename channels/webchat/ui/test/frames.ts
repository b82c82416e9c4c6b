// Short ways to make frames for tests.

import { readFrame, type ServerFrame } from '../src/protocol'

export const conv = 'conversation-a'

export function message(seq: number, more: Record<string, unknown> = {}, conversation = conv): Record<string, unknown> {
  return { conversation, seq, author: 'bot', kind: 'answer', text: `answer ${seq}`, at: 1000 * seq, ...more }
}

export const mine = (seq: number, id: string, more: Record<string, unknown> = {}, conversation = conv) =>
  message(seq, { author: 'visitor', kind: 'text', id, text: 'question ' + id, ...more }, conversation)

export function frame(f: Record<string, unknown>): ServerFrame {
  const read = readFrame(f)
  if (!read) throw new Error('not a frame: ' + JSON.stringify(f))
  return read
}

export const pushed = (m: Record<string, unknown>) => frame({ t: 'message', conversation: m.conversation, message: m })

export const ready = (more: Record<string, unknown> = {}) =>
  frame({ t: 'ready', conversation: conv, seq: 0, read: 0, reset: false, messages: [], more: false, ...more })
