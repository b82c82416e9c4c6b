import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Chat } from '../src/chat'
import { makeTexts, type Language } from '../src/i18n'
import { openStorage } from '../src/storage'
import { App } from '../src/view/app'
import { conv } from './frames'

const form = {
  consent: '同意收集 <b>以上</b>资料', consent_id: 'abc123',
  fields: [
    { name: 'name', label: '称呼', required: true, type: 'text' },
    { name: 'phone', label: '手机号', required: true, type: 'phone' },
    { name: 'email', label: '邮箱', required: false, type: 'email' },
    { name: 'requests', label: '类型', required: true, type: 'choice', options: ['售前', '售后'] },
  ],
}

/** The last socket of the page, open from the first. */
let socket: FakeSocket
class FakeSocket {
  readyState = 1
  sent: Record<string, unknown>[] = []
  onopen: (() => void) | null = null
  onmessage: ((e: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null
  constructor() {
    socket = this
  }
  send(data: string) {
    this.sent.push(JSON.parse(data))
  }
  close() {}
  say(f: Record<string, unknown>) {
    this.onmessage?.({ data: JSON.stringify(f) })
  }
  get forms() {
    return this.sent.filter((f) => f.kind === 'form')
  }
}

let chat: Chat
let app: App
let toasts: string[]

/** Opens the page on a server with this form, whose visitor has this conversation. */
async function open(wanted: unknown = form, conversation = '', language: Language = 'zh-CN') {
  chat?.store.forget()
  document.body.replaceChildren()
  toasts = []
  const reply = {
    token: 't', ticket: 'x', visitor: 'v', expires_in: 60, texts: {}, hot: [{ entry: 'e', question: '怎么退款' }],
    limits: { text: 500, frame: 16384, file: 1000 }, ...(wanted ? { form: wanted } : {}),
  }
  chat = new Chat({
    base: '/chat/', profile: { account: '', language, page: '', title: '', referrer: '', name: '' },
    kept: openStorage('localStorage'), passing: openStorage('sessionStorage'),
    fetch: (async () => new Response(JSON.stringify(reply))) as unknown as typeof fetch, WebSocket: FakeSocket as unknown as typeof WebSocket,
    changed: () => app?.changed(), arrived: () => undefined, rejected: (text) => toasts.push(text), greeting: () => undefined,
  })
  app = new App({ chat, texts: makeTexts(language), language }, { embedded: true, kept: openStorage('localStorage'), close: () => undefined })
  document.body.append(app.element)
  chat.start()
  await painted()
  socket.onopen?.()
  socket.say({ t: 'ready', conversation, seq: 0, read: 0, reset: false, messages: [], more: false })
  await painted()
}

const painted = async () => {
  await vi.advanceTimersByTimeAsync(0)
  app.changed()
  await vi.advanceTimersByTimeAsync(20) // a frame
}
const $ = <T extends HTMLElement = HTMLElement>(selector: string) => document.querySelector<T>(selector)!
const shown = () => [!$('.prechat').hidden, !$('.composer').hidden]
const problems = () => Array.from(document.querySelectorAll<HTMLElement>('.prechat .field-problem')).map((p) => (p.hidden ? '' : p.textContent))
const enter = (name: string, value: string, event = 'input') => {
  const input = $<HTMLInputElement>('#prechat-' + name)
  input.value = value
  input.dispatchEvent(new Event(event, { bubbles: true }))
}
const submit = () => $('.prechat form').dispatchEvent(new Event('submit', { cancelable: true }))
const fillIn = () => {
  enter('name', ' 安 ')
  enter('phone', '138 0013 8000')
  enter('requests', '售后', 'change')
  $<HTMLInputElement>('#prechat-consent').click()
}

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  sessionStorage.clear()
  window.matchMedia = (() => ({ matches: false })) as unknown as typeof window.matchMedia
})
afterEach(() => {
  vi.useRealTimers() // forgets those that still run: the page is gone before them
  vi.restoreAllMocks()
})

describe('the form before a conversation', () => {
  it('stands in place of the composer, if there is one and no conversation', async () => {
    await open()
    expect(shown()).toEqual([true, false])
    expect($('.app').classList.contains('asking')).toBe(true)
    await open(undefined)
    expect(shown()).toEqual([true, false])
    await open({ fields: [], consent: '' })
    expect(shown()).toEqual([false, true])
    await open(null)
    expect(shown()).toEqual([false, true])
    await open(form, conv)
    expect(shown()).toEqual([false, true])
  })

  it('is not there before it is known whether there is a conversation', async () => {
    await open()
    chat.store.met = false
    await painted()
    expect(shown()).toEqual([false, true])
  })

  it('has labels, marks, keyboards and the consent as text', async () => {
    await open()
    const labels = Array.from(document.querySelectorAll<HTMLLabelElement>('.prechat label'))
    expect(labels.map((l) => [l.control?.id, l.textContent, l.classList.contains('required')])).toEqual([
      ['prechat-name', '称呼', true], ['prechat-phone', '手机号', true], ['prechat-email', '邮箱', false], ['prechat-requests', '类型', true],
      ['prechat-consent', form.consent, false],
    ])
    expect(['name', 'phone', 'email'].map((n) => [$('#prechat-' + n).getAttribute('type'), $('#prechat-' + n).getAttribute('inputmode'), $('#prechat-' + n).getAttribute('aria-required')])).toEqual([
      ['text', null, 'true'], ['tel', 'tel', 'true'], ['email', 'email', 'false'],
    ])
    expect(Array.from($<HTMLSelectElement>('#prechat-requests').options).map((o) => [o.value, o.textContent])).toEqual([['', '请选择'], ['售前', '售前'], ['售后', '售后']])
    expect($('.prechat form').getAttribute('aria-labelledby')).toBe($('.prechat h2').id)
  })

  it('says in place what is wrong, and goes there', async () => {
    await open()
    submit()
    expect(problems()).toEqual(['请填写这一项', '请填写这一项', '', '请填写这一项', '请先勾选同意'])
    expect(document.activeElement?.id).toBe('prechat-name')
    expect([$('#prechat-name').getAttribute('aria-invalid'), $('#prechat-name').getAttribute('aria-describedby')]).toEqual(['true', 'prechat-name-problem'])
    fillIn()
    enter('phone', '不告诉你')
    enter('email', 'a@b')
    submit()
    expect(problems()).toEqual(['', '请检查电话号码', '请检查邮箱地址', '', ''])
    expect(document.activeElement?.id).toBe('prechat-phone')
    expect($('#prechat-name').hasAttribute('aria-invalid')).toBe(false)
    enter('phone', '+86 (021) 1234-5678')
    expect(problems()[1]).toBe('')
    expect(socket.forms).toEqual([])
  })

  it('is sent once, gives way to the composer, and leaves a quiet line', async () => {
    await open()
    fillIn()
    submit()
    await painted()
    expect(shown()).toEqual([false, true])
    const sent = socket.forms
    expect(sent).toMatchObject([{ t: 'send', fields: { name: '安', phone: '138 0013 8000', requests: '售后' }, consent: 'abc123' }])
    expect(Object.keys(sent[0]!.fields as object)).toEqual(['name', 'phone', 'requests'])
    expect([$('.line.system[data-kind="form"]').textContent, document.querySelector('.from-visitor')]).toEqual(['已提交资料', null])
    const id = sent[0]!.id
    socket.say({ t: 'message', conversation: conv, message: { conversation: conv, seq: 1, id, author: 'visitor', kind: 'form', text: '', at: 1000, card: { fields: { name: '安' } } } })
    socket.say({ t: 'ack', id, conversation: conv, seq: 1, at: 1000 })
    await painted()
    expect(shown()).toEqual([false, true])
    expect([document.querySelectorAll('[data-kind="form"]').length, chat.store.outbox.length]).toEqual([1, 0])
  })

  it('is not asked for again in this browser once it is stored', async () => {
    await open()
    fillIn()
    submit()
    socket.say({ t: 'ack', id: socket.forms[0]!.id, conversation: conv, seq: 1, at: 1000 })
    sessionStorage.clear()
    await open()
    expect(shown()).toEqual([false, true])
  })

  it('comes back as it was when the server refuses it', async () => {
    await open()
    fillIn()
    submit()
    await painted()
    socket.say({ t: 'error', code: 4003, text: '请检查手机号', id: socket.forms[0]!.id })
    await painted()
    expect([shown(), toasts]).toEqual([[true, false], ['请检查手机号']])
    expect([$<HTMLInputElement>('#prechat-name').value, $<HTMLSelectElement>('#prechat-requests').value]).toEqual([' 安 ', '售后'])
    expect($<HTMLInputElement>('#prechat-consent').checked).toBe(false)
  })

  it('asks for no consent if there is none, in the language of the visitor', async () => {
    await open({ fields: [form.fields[0]], consent: '' }, '', 'en')
    expect(document.querySelector('#prechat-consent')).toBeNull()
    submit()
    expect(problems()).toEqual(['Please fill this in'])
    enter('name', 'Ann')
    $<HTMLButtonElement>('.prechat button').click()
    await painted()
    expect(socket.forms[0]).toMatchObject({ fields: { name: 'Ann' } })
    expect('consent' in socket.forms[0]!).toBe(false)
    expect($('[data-kind="form"]').textContent).toBe('Details sent')
  })

  it('takes no files meanwhile, and the focus where the composer had it', async () => {
    await open()
    app.shown(true)
    expect(document.activeElement?.id).toBe('prechat-name')
    const drag = new Event('dragenter', { bubbles: true }) as Event & { dataTransfer: unknown }
    drag.dataTransfer = { types: ['Files'] }
    app.element.dispatchEvent(drag)
    expect(Array.from(document.querySelectorAll<HTMLElement>('.app > [class*="drop"]')).every((e) => e.hidden)).toBe(true)
    fillIn()
    submit()
    await painted()
    expect(document.activeElement?.tagName).toBe('TEXTAREA')
  })
})
