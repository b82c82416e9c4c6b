import { describe, expect, it, test } from 'vitest'
import { actText, changes } from '../src/audit'
import { bytes, codeText, draftOf, failureText, keysOf, madeUp, nameNote, newDraft, ruleFor, same, stateOf, tabOf, wrongAt, type Account, type Rule } from '../src/official/official'

const now = 1_700_000_000_000
const account = (more: Partial<Account> = {}): Account => ({
  id: 'main', callback: '/wechat/main', name: '燃气服务', kind: 'service', app_id: 'wx0123456789abcdef', mode: 'safe', sends: true, menus: true, region: '', level: '',
  events: [{ on: 'subscribe', key: '', do: 'welcome', text: '' }], menu: [{ name: '服务', buttons: [{ name: '报修', key: 'repair' }] }], disabled: false, version: 3,
  has: { secret: true, token: true, aes_key: true }, updated_at: now, ...more,
})

describe('a draft', () => {
  it('has no secrets, and nothing of what only shows', () => {
    const d = draftOf(account())
    expect([d.secret, d.token, d.aes_key, d.version]).toEqual(['', '', '', 3])
    expect(d).not.toHaveProperty('has')
    expect(d).not.toHaveProperty('callback')
  })
  it('is its own: the account stays as it is', () => {
    const a = account()
    const d = draftOf(a)
    d.menu[0]!.buttons![0]!.name = '改了'
    d.events.push({ on: 'scan', key: '', do: 'handoff', text: '' })
    expect(a).toEqual(account())
    expect(same(d, draftOf(a))).toBe(false)
    expect(same(draftOf(a), draftOf(a))).toBe(true)
  })
  it('of a new account may be sent unasked, and greets', () => {
    expect(newDraft()).toMatchObject({ version: 0, id: '', mode: 'safe', events: [{ on: 'subscribe', do: 'welcome' }] })
  })
})

test.each<[Partial<Account>, string]>([
  [{}, '正常'],
  [{ last: { api: 'token', code: 40164, text: '', what: '', at: now - 3_600_000 } }, '最近有错误'],
  [{ last: { api: 'token', code: 40164, text: '', what: '', at: now - 90_000_000 } }, '正常'],
  [{ disabled: true, last: { api: 'token', code: 0, text: '', what: '', at: now } }, '已停用'],
])('the state of %o is %s', (more, text) => expect(stateOf(account(more), now).text).toBe(text))

describe('the menu', () => {
  it.each<[string, boolean, boolean, string]>([
    ['服务大厅', false, false, '建议不超过 4 个汉字'],
    ['服务大厅啊', false, false, '超过 4 个汉字的部分'],
    ['在线报修服务', false, true, '最多 5 个汉字或 16 个字母'],
    ['Service hall', false, false, '超过 4 个汉字的部分'],
    ['燃气报修与安检预约', true, false, '超过 8 个汉字的部分'],
    ['报'.repeat(21), true, true, '最多 20 个汉字或 60 个字母'],
  ])('%s below another: %s', (name, sub, bad, text) => {
    const note = nameNote(name, sub)
    expect(note.bad).toBe(bad)
    expect(note.text).toContain(text)
  })
  it('counts bytes', () => expect(['', 'abc', '报修'].map(bytes)).toEqual([0, 3, 6]))
  it('has keys, each once', () => {
    const menu = [{ name: 'a', key: 'x' }, { name: 'b', buttons: [{ name: 'c', key: 'y' }, { name: 'd', url: 'https://a.example' }, { name: 'e', key: 'x' }] }]
    expect(keysOf(menu)).toEqual(['x', 'y'])
  })
  it('finds the rule of a button: the first that fits', () => {
    const rule = (on: Rule['on'], key: string, text: string): Rule => ({ on, key, do: 'reply', text })
    const rules = [rule('scan', 'x', '扫'), rule('click', 'y', '甲'), rule('click', '', '乙'), rule('click', 'x', '丙')]
    expect(['x', 'y'].map((k) => ruleFor(rules, k)?.text)).toEqual(['乙', '甲'])
    expect(ruleFor(rules.slice(0, 2), 'x')).toBeUndefined()
  })
})

test('what is wrong is on its tab and at its place', () => {
  expect(['name', 'events', 'events.3.text', 'menu.0.buttons.1.name', 'menus', 'aes_key'].map(tabOf)).toEqual(['basics', 'events', 'events', 'menu', 'basics', 'basics'])
  const fields = { 'menu.1.buttons.0.name': '必填', 'menu.10': '错' }
  expect(['menu.1', 'menu.1.buttons.0', 'menu.10', 'menu.0'].map((at) => wrongAt(fields, at))).toEqual(['必填', '必填', '错', ''])
})

test('secrets that are made up have the right length, and are not the same', () => {
  const made = Array.from({ length: 20 }, () => madeUp(43))
  for (const text of made) expect(text).toMatch(/^[0-9A-Za-z]{43}$/)
  expect(new Set(made).size).toBe(20)
})

test('codes and acts have words', () => {
  expect([{ api: 'callback', code: 0 }, { api: 'stable_token', code: 0 }].map(failureText)).toEqual(['推送', '连不上'])
  expect([0, -1, 45047].map(codeText)).toEqual(['连不上', '-1', '45047'])
  expect(['official.save', 'official.drop', 'official.publish'].map(actText).join()).not.toMatch(/[a-z]/)
  const line = changes('{"events":["扫码 → 转人工"],"menus":true}', '{"events":["扫码 → 发欢迎语"],"menus":false,"replaced":["Token"]}')
  expect(line.map((c) => c.name)).toEqual(['事件规则', '可点菜单', '更换了密钥'])
})
