import { describe, expect, it } from 'vitest'
import { Backoff } from '../src/backoff'
import { originTest, readToFrame, readToPage } from '../src/bridge'
import { contrast, makeTheme, onColor, parseColor, type RGB } from '../src/color'
import { choices, makeTexts, pickLanguage, tables, usualLanguage, type Texts } from '../src/i18n'
import { offeredTags } from '../src/survey'
import { newID, openStorage } from '../src/storage'
import { formatTime } from '../src/time'

describe('back-off', () => {
  it('doubles from 0.5 s to 30 s at most', () => {
    const b = new Backoff(500, 30_000, () => 1)
    expect(Array.from({ length: 8 }, () => b.next())).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    b.reset()
    expect(b.next()).toBe(500)
  })

  it('is spread over the whole pause', () => {
    const b = new Backoff(500, 30_000, () => 0.25)
    expect([b.next(), b.next()]).toEqual([125, 250])
  })

  it('does not overflow', () => {
    const b = new Backoff(500, 30_000, () => 1)
    for (let i = 0; i < 5000; i++) b.next()
    expect(b.next()).toBe(30_000)
  })
})

describe('texts', () => {
  const names = Object.keys(tables['zh-CN']) as (keyof Texts)[]

  it.each(Object.entries(tables))('%s is complete', (_, table) => {
    expect(Object.keys(table).sort()).toEqual([...names].sort())
    for (const name of names) expect(table[name].trim(), name).not.toBe('')
  })

  it.each(Object.entries(tables))('%s has the same lists and places', (_, table) => {
    for (const name of names) {
      expect(choices(table[name]).length, name).toBe(choices(tables['zh-CN'][name]).length)
      expect(table[name].includes('{n}'), name).toBe(tables['zh-CN'][name].includes('{n}'))
    }
  })

  it('does not mix the scripts', () => {
    expect(JSON.stringify(tables['zh-TW'])).not.toMatch(/[问题发户请务时间联系说话谢为线]/)
    expect(JSON.stringify(tables.en)).not.toMatch(/\p{Script=Han}/u)
  })

  it('lets the later override win, by known names only', () => {
    const t = makeTexts('en', { title: 'A', unknown: 'x', welcome: '' }, { title: 'B' })
    expect(t.title).toBe('B')
    expect(t.welcome).toBe(tables.en.welcome)
    expect('unknown' in t).toBe(false)
    expect(makeTexts('en', JSON.parse('{"__proto__":{"title":"P"}}')).title).toBe(tables.en.title)
  })

  it.each([
    ['zh', 'zh-CN'], ['zh-Hans-CN', 'zh-CN'], ['zh-TW', 'zh-TW'], ['zh_HK', 'zh-TW'], ['zh-Hant', 'zh-TW'], ['en-GB', 'en'], ['fr', 'zh-CN'], ['', 'zh-CN'],
  ])('%s is shown in %s', (wanted, shown) => expect(pickLanguage(wanted)).toBe(shown))

  it.each([['en-US', 'zh-CN'], ['zh', 'zh-CN'], ['zh-CN', 'zh-CN'], ['zh-TW', 'zh-TW'], ['zh-HK', 'zh-TW'], ['fr', 'zh-CN'], ['', 'zh-CN']])(
    'a browser in %s gets %s by itself', (browser, shown) => expect(usualLanguage(browser)).toBe(shown))

  it('falls through what it does not know', () => expect(pickLanguage(undefined, 'fr', 'en')).toBe('en'))
})

describe('tags of the survey', () => {
  const given = ['回答准确', '响应很快', '说得清楚', '答非所问', '没有解决', '想找人工', '价格']
  it.each([
    [5, ['回答准确', '响应很快', '说得清楚', '价格']], [4, ['回答准确', '响应很快', '说得清楚', '价格']],
    [3, ['答非所问', '没有解决', '想找人工', '价格']], [1, ['答非所问', '没有解决', '想找人工', '价格']],
  ])('for %i stars', (stars, tags) => {
    for (const texts of Object.values(tables)) expect(offeredTags(given, stars, texts)).toEqual(tags)
  })

  it('are those of the widget when the server has none', () => {
    expect(offeredTags([], 4, tables.en)).toEqual(choices(tables.en.surveyGood))
    expect(offeredTags([], 3, tables.en)).toEqual(choices(tables.en.surveyBad))
  })

  it('may be none', () => expect(offeredTags(['答非所问'], 5, tables['zh-CN'])).toEqual([]))
})

describe('times', () => {
  const at = (...d: [number, number, number, number, number]) => new Date(...d).getTime()
  const now = at(2026, 10, 22, 9, 30)
  it.each([
    [at(2026, 10, 22, 0, 5), '今天 00:05'], [at(2026, 10, 21, 23, 59), '昨天 23:59'], [at(2026, 0, 3, 8, 0), '1月3日 08:00'], [at(2025, 11, 31, 8, 0), '2025年12月31日 08:00'],
  ])('%i', (time, text) => expect(formatTime(time, now, tables['zh-CN'], 'zh-CN')).toBe(text))
})

describe('colours', () => {
  const white: RGB = [255, 255, 255]
  const samples = ['#2563eb', '#c2410c', '#ff6a00', '#ffd400', '#00b578', '#1677ff', '#07c160', '#e11d48', '#000', '#fff', '#777', '#7f7f7f', '#8b5cf6', '#f0f', '#0ff']

  it.each(samples)('%s can be read everywhere', (color) => {
    const t = makeTheme(color)
    expect(contrast(t.on, t.brand)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.on, t.deep)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.ink, white)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.ink, t.tint)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.darkInk, t.darkTint)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(t.darkInk, [40, 45, 55])).toBeGreaterThanOrEqual(4.5)
  })

  it('takes black where white cannot be read', () => {
    expect(onColor(parseColor('#ffd400')!)).toEqual([0, 0, 0])
    expect(onColor(parseColor('#1d4ed8')!)).toEqual(white)
  })

  it.each(['red', '#12', '#12345g', 'url(x)', '#1234567', ''])('%j is no colour', (text) => expect(parseColor(text)).toBeUndefined())
})

describe('the bridge', () => {
  const own = 'https://chat.example'

  it.each([
    ['__FAQBOT_SITES__', own, true],
    ['__FAQBOT_SITES__', 'https://shop.example', false],
    ['https://shop.example https://a.example:8443', 'https://a.example:8443', true],
    ['["https://shop.example","http://b.example"]', 'http://b.example', true],
    ['https://shop.example', 'http://shop.example', false],
    ['https://shop.example', 'https://a.shop.example', false],
    ['* https://* null javascript:x', 'https://shop.example', false],
    ['* https://* null', 'null', false],
    ['https://*.shop.example', 'https://a.shop.example', true],
    ['["https://*.Shop.example"]', 'https://a.b.shop.example', true],
    ['https://*.shop.example', 'https://shop.example', false],
    ['https://*.shop.example', 'https://.shop.example', false],
    ['https://*.shop.example', 'https://evil-shop.example', false],
    ['https://*.shop.example', 'https://shop.example.evil.com', false],
    ['https://*.shop.example', 'https://a.shop.example.evil.com', false],
    ['https://*.shop.example', 'http://a.shop.example', false],
    ['https://*.shop.example', 'https://a.shop.example:8443', false],
    ['https://*.shop.example:8443', 'https://a.shop.example:8443', true],
    ['https://*.shop.example', 'https://evil.com:1.shop.example', false],
    ['https://a.*.example', 'https://a.shop.example', false],
  ])('of the sites %s, %s may embed: %s', (sites, origin, may) => expect(originTest(sites, own)(origin)).toBe(may))

  it('takes only messages of the right shape', () => {
    for (const m of [null, 'x', 1, {}, { faqbot: 1 }, { faqbot: 1, type: 'init' }, { faqbot: 2, type: 'shown', open: true }, { faqbot: 1, type: 'eval', open: true }]) {
      expect(readToFrame(m)).toBeUndefined()
    }
    for (const m of [null, [], { faqbot: 1, type: 'x' }, { type: 'close' }, { faqbot: 1, type: 'unread', count: '1' }, { faqbot: 1, type: 'unread', count: NaN }, { faqbot: 1, type: 'unread', count: -1 }]) {
      expect(readToPage(m)).toBeUndefined()
    }
    expect(readToPage({ faqbot: 1, type: 'hello' })).toEqual({ faqbot: 1, type: 'hello' })
    expect(readToPage({ faqbot: 1, type: 'unread', count: 1e9, flash: 'x'.repeat(99) })).toEqual({ faqbot: 1, type: 'unread', count: 999, flash: 'x'.repeat(40) })
  })

  it('cuts and fills what the page says of itself', () => {
    const m = readToFrame({ faqbot: 1, type: 'init', open: true, options: { title: 'T', color: 5, extra: 'x' }, page: { url: 'u'.repeat(5000) } })
    expect(m).toMatchObject({ type: 'init', options: { title: 'T', color: '', account: '' }, page: { title: '' } })
    expect(m && 'page' in m && m.page.url.length).toBe(2000)
    expect(JSON.stringify(m)).not.toContain('extra')
  })
})

describe('storage', () => {
  it('keeps in memory what the browser refuses', () => {
    const real = Object.getOwnPropertyDescriptor(window, 'localStorage')!
    Object.defineProperty(window, 'localStorage', { configurable: true, get: () => { throw new Error('refused') } })
    const s = openStorage('localStorage')
    s.set('k', 'v')
    expect(s.get('k')).toBe('v')
    Object.defineProperty(window, 'localStorage', real)
  })

  it('removes what is empty', () => {
    const s = openStorage('sessionStorage')
    s.set('k', 'v')
    s.set('k', '')
    expect(sessionStorage.getItem('k')).toBeNull()
  })

  it('makes ids that the server takes', () => {
    const ids = new Set(Array.from({ length: 500 }, newID))
    expect(ids.size).toBe(500)
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/)
  })
})
