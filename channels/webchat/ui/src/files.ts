// Files on their way to the server and back. The token goes in a header, so that
// no address gives a file away; what comes is shown as a blob.

import { readFile, readHTTPError, type FileInfo } from './protocol'
import { RequestError } from './session'

const uploadTimeout = 120_000
const keptAtMost = 40

const kinds: Record<string, string> = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp',
  pdf: '', doc: '', docx: '', xls: '', xlsx: '', ppt: '', pptx: '', txt: '', csv: '', mp3: '', m4a: '', amr: '', mp4: '',
}

/** What the file dialog offers. */
export const accepted = Object.keys(kinds).map((k) => '.' + k).join(',')

/** At most so many are taken at once. */
export const mostFiles = 9

const ending = (name: string): string => /\.([a-z0-9]{1,5})$/i.exec(name)?.[1]?.toLowerCase() ?? ''

export const isImage = (type: string): boolean => /^image\/(png|jpeg|gif|webp)$/.test(type)

/** Why a file cannot be sent. The server looks again, and closer. */
export function refusal(file: { name: string; type: string; size: number }, limit: number): '' | 'empty' | 'large' | 'kind' {
  if (file.size === 0) return 'empty'
  if (!isImage(file.type) && !(ending(file.name) in kinds)) return 'kind'
  return file.size > limit ? 'large' : ''
}

/** What is known of a file before it is on the server. */
export function describe(file: File): FileInfo {
  const type = file.type || kinds[ending(file.name)] || 'application/octet-stream'
  return { id: '', name: file.name || 'image.' + (type.split('/')[1] ?? 'png'), type, size: file.size, width: 0, height: 0 }
}

/** 812 B · 34 KB · 1.2 MB */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes}\u00a0B`
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)}\u00a0KB`
  return `${(bytes / 1024 / 1024).toFixed(1).replace(/\.0$/, '')}\u00a0MB`
}

export interface Upload {
  done: Promise<FileInfo> // or a RequestError
  cancel(): void
}

/** Sends a file. It does not use fetch, which tells nothing of the progress. */
export function upload(Request: typeof XMLHttpRequest, base: string, token: string, name: string, content: Blob, progress: (part: number) => void): Upload {
  const r = new Request()
  const done = new Promise<FileInfo>((resolve, reject) => {
    r.open('POST', base + 'upload?name=' + encodeURIComponent(name))
    r.setRequestHeader('Authorization', 'Bearer ' + token)
    r.setRequestHeader('Content-Type', 'application/octet-stream')
    r.timeout = uploadTimeout
    r.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total)
    r.onload = () => {
      const body = parse(r.responseText)
      const file = r.status === 200 ? readFile(body) : undefined
      if (file) return resolve(file)
      const { code, text, retryAfter } = readHTTPError(r.status, body)
      reject(new RequestError(r.status === 200 ? 0 : code, text, retryAfter || Number(r.getResponseHeader('Retry-After')) || 0))
    }
    r.onerror = r.ontimeout = r.onabort = () => reject(new RequestError(0, ''))
    r.send(content)
  })
  return { done, cancel: () => r.abort() }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The files at hand, as addresses that only this page can use. */
export class Files {
  private known = new Map<string, string>()
  private coming = new Map<string, Promise<string>>()

  constructor(
    private readonly fetcher: typeof fetch,
    private readonly base: string,
    private readonly token: () => string,
  ) {}

  /** The address of a file that is at hand, or nothing. */
  at(id: string): string {
    return this.known.get(id) ?? ''
  }

  /** Keeps a content under an id. */
  put(id: string, content: Blob): string {
    this.drop(id)
    const url = URL.createObjectURL(content)
    this.known.set(id, url)
    const oldest = this.known.keys().next().value
    if (this.known.size > keptAtMost && oldest !== undefined) this.drop(oldest)
    return url
  }

  /** Gives what was kept under one id the other. */
  rename(from: string, to: string): void {
    const url = this.known.get(from)
    if (!url) return
    this.known.delete(from)
    this.known.set(to, url)
  }

  drop(id: string): void {
    const url = this.known.get(id)
    if (url) URL.revokeObjectURL(url)
    this.known.delete(id)
  }

  /** Fetches a file, unless it is at hand. */
  get(id: string): Promise<string> {
    const url = this.at(id)
    if (url) return Promise.resolve(url)
    const under = this.coming.get(id) ?? this.fetch(id)
    this.coming.set(id, under)
    const over = () => this.coming.delete(id)
    under.then(over, over)
    return under
  }

  private async fetch(id: string): Promise<string> {
    const reply = await this.fetcher(this.base + 'file/' + encodeURIComponent(id), {
      headers: { Authorization: 'Bearer ' + this.token() }, credentials: 'same-origin',
    })
    if (!reply.ok) throw new RequestError(reply.status * 10, '')
    return this.put(id, await reply.blob())
  }
}
