import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Chat } from '../src/chat'
import { makeTexts, type Language } from '../src/i18n'
import { openStorage } from '../src/storage'
import { App } from '../src/view/app'
import { conv, frame, message, mine, pushed, ready } from './frames'

let chat: Chat
let app: App
let seq = 0
let sends: string[]
const kept = { id: 'file-0001', name: '截图.png', type: 'image/png', size: 2048, width: 40, height: 50 }

function open(language: Language = 'zh-CN') {
  document.body.replaceChildren()
  sessionStorage.clear()
  chat = new Chat({
    base: '/chat/', profile: { account: '', language, page: '', title: '', referrer: '', name: '' },
    kept: openStorage('localStorage'), passing: openStorage('sessionStorage'),
    fetch: (() => Promise.resolve(new Response('x'))) as unknown as typeof fetch, WebSocket: undefined,
    changed: () => app.changed(), arrived: () => undefined, rejected: () => undefined, greeting: () => undefined,
  })
  app = new App({ chat, texts: makeTexts(language), language }, { embedded: true, kept: openStorage('localStorage'), close: () => undefined })
  document.body.append(app.element)
  sends = []
  const send = chat.send.bind(chat)
  chat.send = (s) => (sends.push(s.kind + (s.text ? ' ' + s.text : '')), send(s))
  seq = 0
  take(ready())
}

const take = (f: ReturnType<typeof frame>) => chat.store.apply(f, Date.now())
const painted = async () => {
  app.changed()
  await vi.advanceTimersByTimeAsync(20) // a frame
}
const line = (kind: string, card: Record<string, unknown> = {}, text = '') =>
  take(pushed(message(++seq, { author: 'system', kind, text, card, at: Date.now() })))
const agent = (kind: string, card: Record<string, unknown> = {}, text = '') =>
  take(pushed(message(++seq, { author: 'agent', kind, text, card: { nick: '小李', ...card }, at: Date.now() })))
const $ = (selector: string) => document.querySelector<HTMLElement>(selector)
const all = (selector: string) => Array.from(document.querySelectorAll<HTMLElement>(selector))
const words = (selector: string) => $(selector)?.textContent ?? ''
const button = (within: string, text: string) => all(within + ' button').find((b) => b.textContent === text)!
const header = () => [words('.header-title'), words('.header-subtitle'), $('.header-handoff')!.hidden]

beforeEach(() => {
  vi.useFakeTimers()
  let n = 0
  URL.createObjectURL = () => `blob:${++n}`
  URL.revokeObjectURL = vi.fn()
  window.matchMedia = (() => ({ matches: false })) as unknown as typeof window.matchMedia
  open()
})
afterEach(() => {
  vi.useRealTimers() // forgets those that still run: the page is gone before them
  vi.restoreAllMocks()
})

describe('the queue', () => {
  const card = () => [$('.queue')!.hidden, words('.queue-place'), words('.queue-wait')]

  it('has a card while the visitor waits', async () => {
    await painted()
    expect(card()).toEqual([true, '', ''])
    line('queued', { place: 3, low: 120, high: 240 }, '您前面还有 2 位')
    await painted()
    expect(card()).toEqual([false, '前面还有 2 位', '预计约 2–4 分钟'])
    take(frame({ t: 'queue', conversation: conv, ahead: 1, low: 0, high: 0 }))
    await painted()
    expect(card()).toEqual([false, '前面还有 1 位', '预计时间暂时说不准'])
    take(frame({ t: 'queue', conversation: conv, ahead: 0, low: 0, high: 40 }))
    await painted()
    expect(card()).toEqual([false, '您是下一位', '预计约 1 分钟'])
    take(frame({ t: 'queue', conversation: conv, state: 'nobody', ahead: 0, low: 0, high: 0 }))
    await painted()
    expect(card()).toEqual([false, '客服暂时都不在，建议先留言', ''])
    line('accepted', { nick: '小李' })
    await painted()
    expect(card()[0]).toBe(true)
  })

  it('is read out politely, and its buttons are not', async () => {
    line('queued', { place: 3 })
    await painted()
    const live = $('.queue [aria-live]')!
    expect([live.getAttribute('role'), live.getAttribute('aria-live'), live.getAttribute('aria-atomic')]).toEqual(['status', 'polite', 'true'])
    expect(live.querySelector('button')).toBeNull()
    const changes: MutationRecord[] = []
    const watch = new MutationObserver((c) => changes.push(...c))
    watch.observe(live, { childList: true, characterData: true, subtree: true })
    await painted()
    await painted()
    expect(changes).toEqual([]) // what does not change is not said again
    watch.disconnect()
  })

  it('can be left after a question', async () => {
    line('queued', { place: 3 })
    await painted()
    button('.queue', '取消排队').click()
    button('.sheet', '继续等待').click()
    expect(sends).toEqual([])
    button('.queue', '取消排队').click()
    button('.sheet', '取消排队').click()
    expect(sends).toEqual(['unqueue'])
    await painted()
    expect(words('.queue-place')).toBe('正在取消…')
    expect(all('.queue button').every((b) => (b as HTMLButtonElement).disabled)).toBe(true)
  })

  it('is not left if an agent came while the question was open', async () => {
    line('queued', { place: 1 })
    await painted()
    button('.queue', '取消排队').click()
    line('accepted', { nick: '小李' })
    button('.sheet', '取消排队').click()
    expect(sends).toEqual([])
  })

  it('can be exchanged for a leave-message, which ends the waiting first', async () => {
    line('queued', { place: 3 })
    await painted()
    button('.queue', '留言').click()
    const text = $('.sheet textarea') as HTMLTextAreaElement
    text.value = '请回电'
    text.dispatchEvent(new Event('input'))
    button('.sheet', '提交留言').click()
    button('.sheet', '提交留言').click()
    expect(sends).toEqual(['unqueue', 'leave 请回电'])
  })
})

describe('the header', () => {
  it('names who is there', async () => {
    await painted()
    expect(header()).toEqual(['在线客服', '7×24 小时在线', false])
    line('queued')
    await painted()
    expect(header()).toEqual(['在线客服', '正在为您转接人工客服', true])
    line('accepted', { nick: '小李' })
    await painted()
    expect(header()).toEqual(['小李', '人工客服', true])
    expect(words('.header-face')).toBe('李')
    line('returned', { reason: 'agent' })
    await painted()
    expect(header()).toEqual(['在线客服', '7×24 小时在线', false])
  })

  it('tells that the agent writes', async () => {
    line('accepted', { nick: '小李' })
    vi.spyOn(chat, 'typing').mockReturnValue('agent')
    vi.spyOn(chat, 'rows').mockReturnValue([{ type: 'typing', key: 'typing', author: 'agent' }])
    await painted()
    expect(header()[1]).toBe('对方正在输入…')
    expect($('.from-agent .dots')?.getAttribute('aria-label')).toBe('对方正在输入…')
  })
})

describe('lines of the system', () => {
  const lines = () => all('.line.system').map((e) => e.textContent)

  it('say what the server says, in its language', async () => {
    line('queued', {}, '您前面还有 2 位')
    line('accepted', { nick: '小李' }, '客服 小李 为您服务。')
    line('notice', {}, '您还在吗？')
    line('event')
    line('requeued', { nick: '小李' }, '很抱歉，客服断线了')
    await painted()
    expect(lines()).toEqual(['已开始排队，可以先把问题写下来', '李客服 小李 为您服务。', '您还在吗？', '很抱歉，客服断线了'])
  })

  it('have words of their own in other languages', async () => {
    open('en')
    for (const kind of ['queued', 'accepted', 'transferred', 'requeued', 'taken_over', 'returned']) line(kind, { nick: 'Ann' }, '中文')
    line('returned', { reason: 'visitor' }, '中文')
    line('closed', {}, '中文')
    await painted()
    expect(lines().join()).not.toMatch(/\p{Script=Han}/u)
    expect(lines()[1]).toBe('AAnn is here to help you')
    expect(lines()[6]).toContain('left the queue')
  })

  it('take a nick for text', async () => {
    line('accepted', { nick: '<img src=x onerror=alert(1)>' })
    agent('text', { nick: '<b>x</b>' }, '<i>您好</i>')
    await painted()
    expect($('.line img, .who b, .bubble i')).toBeNull()
    expect(words('.from-agent .bubble')).toBe('<i>您好</i>')
    expect(words('.from-agent .who-name')).toBe('<b>x</b>')
  })
})

describe('messages of an agent', () => {
  it('have a nick, and answers of the knowledge no votes', async () => {
    line('accepted', { nick: '小李' })
    agent('text', {}, '您好')
    take(pushed(message(++seq, { author: 'agent', kind: 'answer', html: '<p><b>请</b>看</p>', card: { nick: '小李' }, at: Date.now() })))
    await painted()
    expect(words('.from-agent .who')).toBe('小李人工客服')
    expect($('.from-agent .rich b')?.textContent).toBe('请')
    expect($('.votes')).toBeNull()
  })

  it('are marked as read when the agent has read the visitor', async () => {
    line('accepted', { nick: '小李' })
    take(pushed(mine(++seq, 'id-1', { at: Date.now() })))
    await painted()
    expect(words('.from-visitor .tick')).toBe('')
    take(frame({ t: 'seen', conversation: conv, seq }))
    await painted()
    expect(words('.from-visitor .tick')).toBe('已读')
  })
})

describe('images and files', () => {
  it('come as blobs and open over the chat', async () => {
    agent('image', { file: kept })
    await painted()
    await painted()
    const img = $('.from-agent .picture img') as HTMLImageElement
    expect(img.src).toBe('blob:1')
    expect([$('.picture')!.style.width, $('.picture')!.style.height]).toEqual(['72px', '72px'])
    const picture = $('.from-agent .picture')!
    expect(picture.getAttribute('aria-label')).toBe('查看大图 截图.png')
    picture.focus()
    picture.click()
    await painted()
    const box = $('.lightbox')!
    expect([box.getAttribute('role'), box.getAttribute('aria-modal'), box.getAttribute('aria-label')]).toEqual(['dialog', 'true', '截图.png'])
    expect(box.querySelector('img')!.getAttribute('src')).toBe('blob:1')
    expect(document.activeElement?.classList).toContain('lightbox-close')
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))
    expect(document.activeElement).toBe(picture)
  })

  it('that do not come can be asked for again', async () => {
    let tries = 0
    chat.files.get = () => (++tries === 1 ? Promise.reject(new Error('away')) : Promise.resolve('blob:later'))
    agent('image', { file: kept })
    await painted()
    await painted()
    $('.picture-broken')!.click()
    await painted()
    expect(($('.picture img') as HTMLImageElement).src).toBe('blob:later')
  })

  it('are kept under their names', async () => {
    agent('file', { file: { ...kept, name: '说明书.pdf', type: 'application/pdf' } })
    await painted()
    const names: string[] = []
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
      names.push(`${this.download} ${this.href}`)
    })
    const file = $('.from-agent button.file')!
    expect(file.getAttribute('aria-label')).toBe('下载 说明书.pdf 2\u00a0KB')
    file.click()
    await painted()
    await painted()
    expect(names).toEqual(['说明书.pdf blob:1'])
  })

  it('of the visitor show how far they are, and what went wrong', async () => {
    chat.sendFiles([{ content: new File(['abc'], 'a.png', { type: 'image/png' }), width: 40, height: 50 }])
    const id = chat.store.outbox[0]!.id
    vi.spyOn(chat, 'progress').mockReturnValue(0.4)
    await painted()
    expect(($('.from-visitor .picture img') as HTMLImageElement).src).toBe('blob:1')
    expect($('.progress')?.getAttribute('aria-valuenow')).toBe('40')
    chat.store.notUploaded(id, '', Date.now())
    await painted()
    expect(words('.trouble')).toBe('上传失败重试删除')
    button('.trouble', '删除').click()
    await painted()
    expect($('.from-visitor')).toBeNull()
  })

  it('that a reload has lost cannot be tried again', async () => {
    chat.store.restore(JSON.stringify([{ id: 'id-lost', at: 1, send: { kind: 'file' }, state: 'uploading', file: { ...kept, id: '' } }]))
    await painted()
    expect(words('.trouble')).toBe('页面刷新过，请重新选择删除')
  })
})

describe('choosing files', () => {
  const png = () => new File(['abc'], 'a.png', { type: 'image/png' })
  const offered = () => all('.attach').map((e) => `${e.querySelector('.attach-name')!.textContent}: ${e.querySelector('.attach-note')!.textContent}`)
  const transfer = (files: File[]) => ({ files, types: ['Files'] })
  const fire = (on: EventTarget, type: string, extra: Record<string, unknown>) => {
    const e = Object.assign(new Event(type, { bubbles: true, cancelable: true }), extra)
    on.dispatchEvent(e)
    return e
  }

  it('by a paste shows them first, and sends what can be sent', () => {
    const sent = vi.spyOn(chat, 'sendFiles').mockImplementation(() => undefined)
    const paste = fire($('textarea')!, 'paste', { clipboardData: transfer([png(), new File(['MZ'], 'a.exe'), new File([], 'b.png', { type: 'image/png' })]) })
    expect(paste.defaultPrevented).toBe(true)
    expect(offered()).toEqual(['a.png: 3\u00a0B', 'a.exe: 不支持这种文件', 'b.png: 文件是空的'])
    button('.sheet', '发送 (1)').click()
    button('.sheet', '发送 (1)').click()
    expect(sent).toHaveBeenCalledTimes(1)
    expect(sent.mock.calls[0]![0].map((p) => p.content.name)).toEqual(['a.png'])
  })

  it('by a paste of text does nothing', () => {
    const paste = fire($('textarea')!, 'paste', { clipboardData: { files: [], types: ['text/plain'] } })
    expect(paste.defaultPrevented).toBe(false)
    expect($('.attach-list')).toBeNull()
  })

  it('by a drop anywhere', () => {
    const drop = $('.drop')!
    fire(app.element, 'dragenter', { dataTransfer: { types: ['text/plain'] } })
    expect(drop.hidden).toBe(true)
    fire(app.element, 'dragenter', { dataTransfer: transfer([]) })
    expect(drop.hidden).toBe(false)
    expect(fire(app.element, 'dragover', { dataTransfer: transfer([]) }).defaultPrevented).toBe(true)
    fire($('.list')!, 'drop', { dataTransfer: transfer([png()]) })
    expect(drop.hidden).toBe(true)
    expect(offered()).toEqual(['a.png: 3\u00a0B'])
  })

  it('can be taken back one by one', () => {
    fire($('textarea')!, 'paste', { clipboardData: transfer([png(), png()]) })
    all('.attach button')[0]!.click()
    expect(offered()).toHaveLength(1)
    expect(words('.sheet .primary')).toBe('发送')
    all('.attach button')[0]!.click()
    expect($('.overlay')!.classList).toContain('leaving')
  })

  it('takes nine at most', () => {
    fire($('textarea')!, 'paste', { clipboardData: transfer(Array.from({ length: 12 }, png)) })
    expect(offered()).toHaveLength(9)
    expect(words('.toast')).toContain('9')
  })
})

describe('the survey', () => {
  it('names the agent and says how long it is open', async () => {
    take(pushed(message(++seq, { kind: 'survey', text: '请评价', card: { nick: '小李', until: Date.now() + 3_600_000 }, at: Date.now() })))
    await painted()
    expect(words('.survey-agent')).toBe('李请评价客服 小李 的服务')
    expect(words('.survey-until')).toMatch(/^(今天|明天) \d\d:\d\d 前有效$/)
  })

  it('asks step by step and takes one vote', async () => {
    take(pushed(message(++seq, { kind: 'survey', card: { until: Date.now() + 3_600_000 }, at: Date.now() })))
    await painted()
    const steps = () => all('.survey-question').length
    expect([steps(), $('.survey-agent')]).toEqual([1, null])
    button('.survey', '未解决').click()
    expect(steps()).toBe(2)
    all('.star')[1]!.click()
    expect(steps()).toBe(3)
    button('.survey', '答非所问').click()
    button('.survey', '提交评价').click()
    expect(chat.store.outbox[0]?.send).toMatchObject({ kind: 'rating', of: 1, yes: false, stars: 2, tags: ['答非所问'] })
    await painted()
    expect($('.survey')).toBeNull()
    expect(words('.card-note')).toBe('已评价')
  })

  it('that has expired says so, also while it is being filled in', async () => {
    take(pushed(message(++seq, { kind: 'survey', card: { until: Date.now() - 1 }, at: Date.now() })))
    await painted()
    expect(words('.card-note')).toBe('评价已过期')
    take(pushed(message(++seq, { kind: 'survey', card: { until: Date.now() + 1000 }, at: Date.now() })))
    await painted()
    button('.survey', '已解决').click()
    all('.star')[4]!.click()
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 2000)
    button('.survey', '提交评价').click()
    expect(sends).toEqual([])
    expect(words('.toast')).toBe('评价已过期')
  })
})
