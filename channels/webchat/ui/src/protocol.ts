// The frames of the chat as doc.go describes them, their checks, and what the
// numbers of errors and closed sockets ask of a client.

export type Author = 'visitor' | 'bot' | 'agent' | 'system'

/** What a visitor can send. */
export type SendKind = 'text' | 'pick' | 'handoff' | 'feedback' | 'solved' | 'leave' | 'rating' | 'close' | 'unqueue' | 'image' | 'file' | 'form'

export interface Option {
  entry: string
  question: string
}

/** Something the visitor or an agent sent. */
export interface FileInfo {
  id: string
  name: string
  type: string
  size: number
  width: number // of an image, else 0
  height: number
}

export interface Card {
  of: number
  entry: string
  question: string
  options: Option[]
  actions: string[]
  yes?: boolean
  stars: number
  tags: string[]
  name: string
  contact: string
  until: number
  file?: FileInfo
  nick: string
  place: number
  low: number
  high: number
  reason: string
}

export interface Message {
  conversation: string
  seq: number
  id: string
  author: Author
  kind: string
  text: string
  html: string
  at: number
  card: Card
}

/** The body of a "send" frame, without t and id. */
export interface Send {
  kind: SendKind
  text?: string
  entry?: string
  of?: number
  yes?: boolean
  stars?: number
  tags?: string[]
  name?: string
  contact?: string
  file?: string // id of an upload
  fields?: Record<string, string> // of a form, by name
  consent?: string // the id of what was agreed to
  conversation?: string // that "of" is a number in
}

export type ClientFrame =
  | { t: 'hello'; conversation: string; after: number; profile: { page: string; title: string } }
  | ({ t: 'send'; id: string } & Send)
  | { t: 'suggest'; n: number; text: string }
  | { t: 'resume'; conversation: string; after: number }
  | { t: 'history'; n: number; conversation: string; before: number }
  | { t: 'typing' }
  | { t: 'read'; seq: number; conversation: string }
  | { t: 'ping' }

export type ServerFrame =
  | { t: 'ready'; conversation: string; seq: number; read: number; reset: boolean; messages: Message[]; more: boolean }
  | { t: 'ack'; id: string; conversation: string; seq: number; at: number }
  | { t: 'message'; conversation: string; message: Message }
  | { t: 'messages'; conversation: string; messages: Message[] }
  | { t: 'history'; n: number; conversation: string; messages: Message[]; more: boolean }
  | { t: 'suggestions'; n: number; options: Option[] }
  | { t: 'typing'; author: string }
  | { t: 'queue'; conversation: string; state: string; ahead: number; low: number; high: number }
  | { t: 'seen'; conversation: string; seq: number }
  | { t: 'provisional'; id: string; messages: Message[] }
  | ErrorFrame
  | { t: 'pong' }

export interface ErrorFrame {
  t: 'error'
  code: number
  text: string
  id: string
  retryAfter: number
}

/** One field of the form before a conversation. */
export interface FormField {
  name: string
  label: string
  required: boolean
  type: string // text, phone, email or choice
  options: string[]
}

/** The form before a conversation; no consent means that there is nothing to agree to. */
export interface Form {
  fields: FormField[]
  consent: string
  consentID: string
}

/** What POST session answers. */
export interface Session {
  token: string
  ticket: string
  visitor: string
  texts: Record<string, string>
  hot: Option[]
  limits: { text: number; frame: number; file: number }
  form?: Form
}

type Raw = Record<string, unknown>

const object = (v: unknown): Raw => (v && typeof v === 'object' && !Array.isArray(v) ? (v as Raw) : {})
const text = (v: unknown): string => (typeof v === 'string' ? v : '')
const number = (v: unknown): number => (typeof v === 'number' && Number.isFinite(v) ? v : 0)
const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : [])
const texts = (v: unknown): string[] => list(v).filter((x): x is string => typeof x === 'string')

function options(v: unknown): Option[] {
  return list(v)
    .map((o) => ({ entry: text(object(o).entry), question: text(object(o).question) }))
    .filter((o) => o.question !== '')
}

/** Reads a file, or nothing if it has no id. */
export function readFile(v: unknown): FileInfo | undefined {
  const f = object(v)
  const id = text(f.id)
  if (id === '') return undefined
  return { id, name: text(f.name), type: text(f.type), size: number(f.size), width: number(f.width), height: number(f.height) }
}

const authors: Author[] = ['visitor', 'bot', 'agent', 'system']

/** Reads one message; whatever is missing or of a wrong type becomes empty. */
export function readMessage(v: unknown, conversation = ''): Message {
  const m = object(v)
  const c = object(m.card)
  const author = authors.find((a) => a === m.author) ?? 'system'
  return {
    conversation: text(m.conversation) || conversation,
    seq: number(m.seq),
    id: text(m.id),
    author,
    kind: text(m.kind),
    text: text(m.text),
    html: author === 'visitor' ? '' : text(m.html),
    at: number(m.at),
    card: {
      of: number(c.of),
      entry: text(c.entry),
      question: text(c.question),
      options: options(c.options),
      actions: texts(c.actions),
      yes: typeof c.yes === 'boolean' ? c.yes : undefined,
      stars: number(c.stars),
      tags: texts(c.tags),
      name: text(c.name),
      contact: text(c.contact),
      until: number(c.until),
      file: readFile(c.file),
      nick: text(c.nick),
      place: number(c.place),
      low: number(c.low),
      high: number(c.high),
      reason: text(c.reason),
    },
  }
}

/** Reads one frame of the server, or returns nothing for one it does not know. */
export function readFrame(v: unknown): ServerFrame | undefined {
  const f = object(v)
  const conversation = text(f.conversation)
  const messages = () => list(f.messages).map((m) => readMessage(m, conversation))
  switch (f.t) {
    case 'ready':
      return {
        t: 'ready', conversation, seq: number(f.seq), read: number(f.read),
        reset: f.reset === true, messages: messages(), more: f.more === true,
      }
    case 'ack':
      return { t: 'ack', id: text(f.id), conversation, seq: number(f.seq), at: number(f.at) }
    case 'message': {
      const message = readMessage(f.message, conversation)
      return { t: 'message', conversation: conversation || message.conversation, message }
    }
    case 'messages':
      return { t: 'messages', conversation, messages: messages() }
    case 'history':
      return { t: 'history', n: number(f.n), conversation, messages: messages(), more: f.more === true }
    case 'suggestions':
      return { t: 'suggestions', n: number(f.n), options: options(f.options) }
    case 'typing':
      return { t: 'typing', author: text(f.author) }
    case 'queue':
      return { t: 'queue', conversation, state: text(f.state), ahead: number(f.ahead), low: number(f.low), high: number(f.high) }
    case 'seen':
      return { t: 'seen', conversation, seq: number(f.seq) }
    case 'provisional':
      return { t: 'provisional', id: text(f.id), messages: messages() }
    case 'error':
      return { t: 'error', code: number(f.code), text: text(f.text), id: text(f.id), retryAfter: number(f.retry_after) }
    case 'pong':
      return { t: 'pong' }
  }
  return undefined
}

/** Reads the text of a socket message. */
export function parseFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== 'string') return undefined
  try {
    return readFrame(JSON.parse(data))
  } catch {
    return undefined
  }
}

/** Reads the reply of the fallback: one frame, a list of frames, or {frames: […]}. */
export function readFrames(v: unknown): ServerFrame[] {
  const all = Array.isArray(v) ? v : Array.isArray(object(v).frames) ? list(object(v).frames) : [v]
  return all.map(readFrame).filter((f): f is ServerFrame => f !== undefined)
}

/** Reads the form, or nothing if it asks for nothing. */
function readForm(v: unknown): Form | undefined {
  const f = object(v)
  const fields = list(f.fields)
    .map(object)
    .map((x) => ({ name: text(x.name), label: text(x.label), required: x.required === true, type: text(x.type), options: texts(x.options) }))
    .filter((x) => x.name !== '')
  return fields.length > 0 ? { fields, consent: text(f.consent), consentID: text(f.consent_id) } : undefined
}

/** Reads the reply of the session request. */
export function readSession(v: unknown): Session {
  const s = object(v)
  const limits = object(s.limits)
  const words: Record<string, string> = {}
  for (const [k, w] of Object.entries(object(s.texts))) if (typeof w === 'string' && w !== '') words[k] = w
  return {
    token: text(s.token), ticket: text(s.ticket), visitor: text(s.visitor), texts: words, hot: options(s.hot),
    limits: { text: number(limits.text) || 500, frame: number(limits.frame) || 16384, file: number(limits.file) || 10 << 20 },
    form: readForm(s.form),
  }
}

/** Reads the error that came with an HTTP status. */
export function readHTTPError(status: number, v: unknown): { code: number; text: string; retryAfter: number } {
  const e = object(object(v).error)
  return { code: number(e.code) || status * 10, text: text(e.text), retryAfter: number(e.retry_after) }
}

/** What a closed socket asks of the client. */
export type CloseAction =
  | { do: 'again' } // after a pause with jitter
  | { do: 'session' } // with a new session
  | { do: 'wait'; seconds: number } // not before
  | { do: 'stop' } // not by itself

export function onClose(code: number, reason = ''): CloseAction {
  if (code >= 3100 && code <= 3199) return { do: 'session' }
  if (code >= 3200 && code <= 3299) return { do: 'wait', seconds: retryAfter(reason) }
  if ((code >= 3300 && code <= 3399) || code === 1003 || code === 1007 || code === 1009) return { do: 'stop' }
  return { do: 'again' }
}

function retryAfter(reason: string): number {
  const found = /retry_after=(\d+(?:\.\d+)?)/.exec(reason)
  return found ? Math.min(Number(found[1]), 600) : 5
}

/** What an error asks of the client. */
export type ErrorAction =
  | 'fail' // the frame can never succeed: show why
  | 'wait' // too fast: send it again after retry_after
  | 'keep' // nothing can be stored: keep it, try again by itself
  | 'again' // the server is in trouble: try again by itself
  | 'session' // ask for a new session
  | 'stop' // not by itself

export function onError(code: number): ErrorAction {
  switch (code) {
    case 4290:
    case 4291:
      return 'wait'
    case 5031:
      return 'keep'
    case 4010:
    case 4004:
      return 'session'
    case 4030:
      return 'stop'
  }
  return code >= 5000 ? 'again' : 'fail'
}
