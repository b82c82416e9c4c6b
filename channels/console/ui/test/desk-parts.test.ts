import { describe, expect, it } from 'vitest'
import { bars, totals } from '../src/board/totals'
import { chatTime } from '../src/desk/chattime'
import { shown, standing } from '../src/desk/favourites'
import { refusal } from '../src/desk/files'
import { linked } from '../src/desk/links'
import { folders, matching } from '../src/desk/phrases'
import { foldable, rowsOf } from '../src/desk/rows'
import { sanitize } from '../src/desk/sanitize'
import type { Board, Card, Favourite, GroupLoad, Message, Phrase, SeatLoad } from '../src/desk/types'
import { browserText, clockText, eventText, formLines, heat, previewText, spanText, type Names } from '../src/desk/words'

const names: Names = { nick: (id) => ({ A1: '小李', A2: '小陈' })[id] ?? '同事', group: (id) => (id === 'G' ? '售后' : '') }
const message = (seq: number, kind: string, card: Card = {}, author = 'system', text = ''): Message => ({ conversation: 'c', seq, kind, author, text, at: seq * 1000, card })

describe('events in words', () => {
  it.each<[string, Card, string]>([
    ['queued', { group: 'G', reason: 'misses' }, '进入排队（售后） · 机器人连续没有答上来'],
    ['accepted', { agent: 'A1', nick: '小李', waited: 80_000 }, '小李 接入（等了 1 分 20 秒）'],
    ['accepted', { agent: 'A1', waited: 300 }, '小李 接入'],
    ['transferred', { nick: '小李', to: 'A2', note: '要发票' }, '小李 转接给 小陈：要发票'],
    ['transferred', { nick: '小李', group: 'G' }, '小李 转接给 售后'],
    ['taken_over', { nick: '王班长', to: 'A1' }, '王班长 接管（原来是 小李）'],
    ['returned', { reason: 'visitor' }, '交还机器人 · 访客取消排队'],
    ['passed', { agent: 'A2', reason: 'late' }, '小陈 超时没有接入'],
    ['requeued', { agent: 'A2' }, '小陈 断线，回到队首'],
    ['feedback', { yes: false }, '访客觉得回答没用'],
    ['text', {}, ''],
    ['answer', {}, ''],
  ])('%s', (kind, card, text) => expect(eventText(message(1, kind, card), names)).toBe(text))
})

describe('times', () => {
  it('spans', () => {
    expect([8_900, 60_000, 80_000, 720_000, 7_500_000, 259_200_000].map(spanText)).toEqual(['8 秒', '1 分钟', '1 分 20 秒', '12 分钟', '2 小时 5 分', '3 天'])
    expect([8_000, 725_000, 3_725_000, 90_000_000].map(clockText)).toEqual(['0:08', '12:05', '1:02:05', '1 天'])
  })
  it('colours of a wait', () => expect([59_999, 60_000, 179_999, 180_000].map(heat)).toEqual(['good', 'warn', 'warn', 'bad']))
  it('between messages', () => {
    const now = new Date(2026, 2, 4, 12, 5).getTime()
    expect(chatTime(new Date(2026, 2, 4, 9, 5).getTime(), now)).toBe('09:05')
    expect(chatTime(new Date(2026, 2, 3, 23, 5).getTime(), now)).toBe('昨天 23:05')
    expect(chatTime(new Date(2025, 11, 1, 8, 0).getTime(), now)).toBe('2025年12月1日 08:00')
  })
})

describe('a form of the visitor', () => {
  const card: Card = { fields: { phone: '13800138000', name: '<b>安</b>', nick: 'x', toString: 'y' }, reason: 'abc' }
  it('is a list in the order of the customer card, with the labels of its fields', () =>
    expect(formLines(card)).toEqual([{ label: '姓名', value: '<b>安</b>' }, { label: '电话', value: '13800138000' }]))
  it('may hold nothing', () => expect(formLines({})).toEqual([]))
  it('is a line of the talk, and of the preview', () => {
    expect(rowsOf([message(1, 'form', card, 'visitor')], names, false).map((r) => r.type)).toEqual(['time', 'line'])
    expect(previewText({ author: 'visitor', kind: 'form', text: '', at: 1 })).toBe('[填写了资料]')
  })
})

describe('rows', () => {
  const bot = (n: number): Message[] => Array.from({ length: n }, (_, i) => message(i + 1, i % 2 ? 'answer' : 'text', {}, i % 2 ? 'bot' : 'visitor', '…'))

  it('folds the bot away but for its last words', () => {
    const talk = [...bot(12), message(13, 'queued'), message(14, 'text', { agent: 'A1' }, 'agent', '您好')]
    expect(foldable(talk)).toBe(8)
    const rows = rowsOf(talk, names, true)
    expect(rows[0]).toMatchObject({ type: 'fold', count: 8 })
    expect(rows.filter((r) => r.type === 'line')).toHaveLength(5)
    expect(rowsOf(talk, names, false).filter((r) => r.type === 'line')).toHaveLength(13)
  })
  it('does not fold little, nor a talk with the bot alone', () => {
    expect(foldable([...bot(5), message(6, 'queued')])).toBe(0)
    expect(foldable(bot(30))).toBe(0)
  })
  it('names who speaks once in a row, and the time after a pause', () => {
    const talk = [message(1, 'text', {}, 'visitor', 'a'), message(2, 'text', {}, 'visitor', 'b'), { ...message(3, 'text', {}, 'visitor', 'c'), at: 400_000 }]
    expect(rowsOf(talk, names, true).map((r) => (r.type === 'line' ? r.first : r.type))).toEqual(['time', true, false, 'time', true])
  })
})

describe('quick replies', () => {
  const phrase = (id: string, shortcut: string, text: string, folder = ''): Phrase => ({ id, shared: true, folder, shortcut, text, position: 0 })
  const all = [phrase('1', 'xx', '谢谢您的帮助'), phrase('2', 'nh', '您好'), phrase('3', 'nhx', '您好，我是小李', '问候'), phrase('4', '', '请稍等，nh')]

  it('finds by shortcut first, then by words', () => {
    expect(matching(all, 'NH').map((p) => p.id)).toEqual(['2', '3', '4'])
    expect(matching(all, '您').map((p) => p.id)).toEqual(['2', '3', '1'])
    expect(matching(all, '')).toHaveLength(4)
  })
  it('those without a folder come first', () => expect(folders([all[2]!, all[0]!]).map((f) => f.name)).toEqual(['', '问候']))
})

describe('favourites', () => {
  const one = (id: string, question: string, more: Partial<Favourite> = {}): Favourite => ({ id, question, category: '宽带/办理', text: '请到营业厅 Wi-Fi 柜台', html: '', gone: false, ...more })
  const all = [one('move', '宽带怎么移机'), one('old', '以前怎么办', { category: '', text: '', gone: true }), one('card', '补办手机卡', { category: '手机', text: '' })]
  const found = (search: string, ...kept: string[]): string[] => shown(all, new Set(kept), search).map((f) => f.id)

  it('are those that are kept, in their order', () => expect(found('', 'card', 'move', 'other')).toEqual(['move', 'card']))
  it('are found by all the words, in question, category or answer', () => {
    expect(found(' wi-fi  移机 ', 'move', 'old', 'card')).toEqual(['move'])
    expect(found('手机', 'move', 'old', 'card')).toEqual(['card'])
    expect(found('以前', 'move', 'old', 'card')).toEqual(['old'])
    expect(found('移机 手机', 'move', 'old', 'card')).toEqual([])
  })
  it('can be used, or not', () => expect(all.map(standing)).toEqual(['ready', 'gone', 'unfit']))
})

describe('foreign text', () => {
  const html = (source: string): string => {
    const box = document.createElement('div')
    box.append(sanitize(source))
    return box.innerHTML
  }
  it('keeps what is harmless', () => {
    expect(html('<p>您好 <b>大家</b></p><ul><li>一</li></ul><h1>题</h1>')).toBe('<p>您好 <b>大家</b></p><ul><li>一</li></ul><h4>题</h4>')
    expect(html('<a href="https://x.cn/a" onclick="x()">去</a>')).toBe('<a href="https://x.cn/a" target="_blank" rel="noopener noreferrer nofollow">去</a>')
  })
  it.each([
    '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '<a href="javascript:alert(1)">x</a>', '<svg onload=alert(1)><a href="javascript:x">y</a></svg>',
    '<iframe src="https://x.cn"></iframe>', '<p style="position:fixed" onclick="x()">x</p>', '<math><mi xlink:href="javascript:x">x</mi></math>',
    '<form action="https://x.cn"><button>x</button></form>', '<img src="//x.cn/a.png">', '<img src="data:image/svg+xml,x">',
  ])('drops what is not: %s', (source) => {
    expect(html(source)).not.toMatch(/script|onerror|onclick|onload|javascript|<iframe|<svg|<form|<img|style=|data:/)
  })
  it('pictures of other servers are links, own ones are shown', () => {
    expect(html('<img src="https://x.cn/a.png" alt="图">')).toContain('<a href="https://x.cn/a.png"')
    expect(html('<img src="/media/a.png" alt="图">')).toContain('<img src="/media/a.png"')
  })
  it('is bounded in depth', () => expect(html('<div>'.repeat(500) + 'x').length).toBeLessThan(1000))
  it('finds addresses in plain text', () => {
    expect(linked('看 https://x.cn/a?b=1，谢谢')).toEqual([{ text: '看 ' }, { text: 'https://x.cn/a?b=1', href: 'https://x.cn/a?b=1' }, { text: '，谢谢' }])
    expect(linked('javascript:alert(1)')).toEqual([{ text: 'javascript:alert(1)' }])
  })
})

it('says why a file cannot be sent', () => {
  expect(refusal({ name: 'a.png', type: 'image/png', size: 10 })).toBe('')
  expect(refusal({ name: 'a.html', type: 'text/html', size: 10 })).toBe('这种文件不能发送')
  expect(refusal({ name: 'a.pdf', type: '', size: 0 })).toBe('文件是空的')
  expect(refusal({ name: 'a.pdf', type: '', size: 11 << 20 })).toBe('文件不能超过 10 MB')
})

it('tells browsers apart', () => {
  expect(browserText('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0')).toBe('Edge 126 · Windows')
  expect(browserText('Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Mobile MicroMessenger/8.0.4')).toBe('微信 8.0.4 · iPhone')
  expect(browserText('curl/8')).toBe('curl/8')
})

describe('the board', () => {
  const group = (name: string, waiting: number, serving: number, longest: number): GroupLoad => ({
    group: { id: name, name, channels: [], categories: [], manual: false, direct: false, max_queue: 0, updated_at: 0 }, waiting, serving, longest, online: 1,
  })
  const seat = (presence: SeatLoad['presence'], serving: number, most: number): SeatLoad => ({ agent: presence, nick: '', groups: [], most, presence, since: 0, seen_at: 0, serving, unanswered: 1, longest: 0 })
  const board: Board = { at: 0, groups: [group('一', 3, 1, 500), group('', 0, 2, 0), group('三', 1, 0, 400)], seats: [seat('online', 2, 5), seat('resting', 1, 5), seat('offline', 0, 5)] }

  it('adds up', () => expect(totals(board)).toEqual({ waiting: 4, longest: 400, online: 1, free: 3, serving: 3, unanswered: 3 }))
  it('is all zero without anything', () => expect(totals(undefined)).toEqual({ waiting: 0, longest: 0, online: 0, free: 0, serving: 0, unanswered: 0 }))
  it('draws the longest bar over the width', () => {
    expect(bars(board).map((b) => [b.name, b.servingPart, b.waitingPart])).toEqual([['一', 25, 75], ['未分组', 50, 0], ['三', 0, 25]])
  })
})
