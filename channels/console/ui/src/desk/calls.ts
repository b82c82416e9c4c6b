// What the desk asks the server for.

import { api, ApiError } from '../api'
import type { Customer, FileInfo, Group, Line, Phrase, Presence, Scope, Summary, Target } from './types'

const talk = '/desk/conversations/{id}'

export const calls = {
  desk: () => api.get('/desk'),
  ticket: async () => (await api.post('/desk/ticket')).ticket,
  presence: (presence: Presence, agent?: string) => api.put('/desk/presence', { body: { presence, agent } }),
  presenceLog: async (since: number) => (await api.get('/desk/presence-log', { query: { since } })).changes,
  list: async (scope: Scope, before = 0) => (await api.get('/desk/conversations', { query: { scope, before } })).items,
  story: (id: string) => api.get(talk, { path: { id } }),
  accept: (id: string) => api.post(`${talk}/accept`, { path: { id } }),
  pass: (id: string) => api.post(`${talk}/pass`, { path: { id } }),
  takeOver: (id: string) => api.post(`${talk}/take-over`, { path: { id } }),
  say: (id: string, line: Line) => api.post(`${talk}/lines`, { path: { id }, body: line }),
  remark: (id: string, kind: 'note' | 'whisper', text: string) => api.post(`${talk}/remarks`, { path: { id }, body: { kind, text } }),
  transfer: (id: string, to: Target, note: string) => api.post(`${talk}/transfer`, { path: { id }, body: { ...to, note } }),
  close: (id: string, { category, solved, text }: Summary) => api.post(`${talk}/close`, { path: { id }, body: { category, solved, text } }),
  read: (id: string, seq: number) => api.post(`${talk}/read`, { path: { id }, body: { seq } }),
  typing: (id: string) => api.post(`${talk}/typing`, { path: { id } }),
  after: async (id: string, seq: number, limit: number) => (await api.get(`${talk}/messages`, { path: { id }, query: { seq, limit } })).messages,
  /** Messages before a number, of this conversation or of another one of the same customer. */
  before: async (id: string, seq: number, limit: number, of = '') =>
    (await api.get(`${talk}/messages`, { path: { id }, query: { of, seq, earlier: true, limit } })).messages,
  delivery: (id: string, from: number, to: number) => api.get(`${talk}/delivery`, { path: { id }, query: { from, to } }),
  advice: async (id: string, text = '') => (await api.get(`${talk}/advice`, { path: { id }, query: { text } })).advice,
  saveCustomer: (id: string, c: Pick<Customer, 'fields' | 'tags' | 'level' | 'updated_at'>) => api.put(`${talk}/customer`, { path: { id }, body: c }),
  addNote: (id: string, text: string) => api.post(`${talk}/notes`, { path: { id }, body: { text } }),
  upload,
  leaves: async () => (await api.get('/desk/leaves')).leaves,
  answerLeave: (id: string) => api.post('/desk/leaves/{id}/answer', { path: { id } }),
  phrases: async () => (await api.get('/desk/phrases')).phrases,
  savePhrase: (p: Phrase) => api.post('/desk/phrases', { body: p }),
  dropPhrase: (id: string) => api.delete('/desk/phrases/{id}', { path: { id } }),
  knowledge: (text: string, category: string, channel: string) => api.get('/desk/knowledge', { query: { text, category, channel } }),
  favourites: async (channel = '') => (await api.get('/desk/favourites', { query: { channel } })).favourites,
  putFavourite: (id: string) => api.put('/desk/favourites/{id}', { path: { id } }),
  dropFavourite: (id: string) => api.delete('/desk/favourites/{id}', { path: { id } }),
  colleagues: async () => (await api.get('/desk/colleagues')).seats,
  board: () => api.get('/board'),
  ratings: () => api.get('/board/ratings'),
  block: (id: string, hours: number, reason: string) => api.post('/desk/conversations/{id}/block', { path: { id }, body: { hours, reason } }),
  blocks: () => api.get('/blocks'),
  unblock: (visitor: string) => api.post('/blocks/drop', { body: { visitor } }),
  groups: async () => (await api.get('/groups')).groups,
  saveGroup: (g: Group) => api.post('/groups', { body: g }),
  dropGroup: (id: string) => api.delete('/groups/{id}', { path: { id } }),
  seats: async () => (await api.get('/seats')).seats,
  saveSeat: (agent: string, groups: string[], most: number) => api.put('/seats/{agent}', { path: { agent }, body: { groups, most } }),
}

export type Calls = typeof calls

/** Where a file of a conversation lies. */
export const fileAddress = (conversation: string, file: string): string =>
  `/console/api/desk/conversations/${encodeURIComponent(conversation)}/files/${encodeURIComponent(file)}`

export interface Upload {
  done: Promise<FileInfo>
  cancel(): void
}

const uploadTime = 120_000

/** Sends a file to a conversation. */
function upload(conversation: string, name: string, content: Blob, progress: (part: number) => void): Upload {
  const address = `/console/api/desk/conversations/${encodeURIComponent(conversation)}/files?name=${encodeURIComponent(name)}`
  const stop = new AbortController()
  const done = api.write((token) => transfer(address, token, content, progress, stop.signal))
  return { done, cancel: () => stop.abort() }
}

/** It does without fetch, which tells nothing of the progress. */
function transfer(address: string, token: Record<string, string>, content: Blob, progress: (part: number) => void, stop: AbortSignal): Promise<FileInfo> {
  return new Promise((resolve, reject) => {
    const canceled = () => reject(new ApiError(400, 'canceled', '已取消'))
    if (stop.aborted) return canceled()
    const r = new XMLHttpRequest()
    stop.addEventListener('abort', () => r.abort())
    r.open('POST', address)
    for (const [name, value] of Object.entries({ 'Content-Type': 'application/octet-stream', ...token })) r.setRequestHeader(name, value)
    r.timeout = uploadTime
    r.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total)
    r.onload = () => {
      const body = parsed(r.responseText) as Partial<FileInfo & { code: string; title: string }>
      if (r.status < 300 && body.id) return resolve(body as FileInfo)
      reject(new ApiError(r.status, body.code ?? 'broken', body.title ?? '文件没有发送成功，请重试'))
    }
    r.onerror = r.ontimeout = () => reject(new ApiError(0, 'network', '网络连接失败，请检查网络后重试'))
    r.onabort = canceled
    r.send(content)
  })
}

function parsed(text: string): object {
  try {
    return JSON.parse(text) as object
  } catch {
    return {}
  }
}
