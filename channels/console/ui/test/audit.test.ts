import { describe, expect, test } from 'vitest'
import { actText, changes, nickIn } from '../src/audit'

const json = (v: unknown) => JSON.stringify(v)

describe('changes', () => {
  test('shows what differs, in words', () => {
    const before = json({ name: 'chen', nick: '陈洁', roles: ['agent'] })
    const after = json({ name: 'chen', nick: '陈洁洁', roles: ['agent', 'supervisor'], disabled: true })
    expect(changes(before, after)).toEqual([
      { name: '昵称', before: '陈洁', after: '陈洁洁', kind: 'changed' },
      { name: '角色', before: '坐席', after: '坐席、班长', kind: 'changed' },
      { name: '停用', before: '', after: '是', kind: 'added' },
    ])
  })
  test('what begins, and what ends', () => {
    expect(changes('', json({ nick: '新' }))).toEqual([{ name: '昵称', before: '', after: '新', kind: 'added' }])
    expect(changes(json({ nick: '旧' }), '')).toEqual([{ name: '昵称', before: '旧', after: '', kind: 'removed' }])
    expect(changes('', '')).toEqual([])
    expect(changes(json({ a: 1 }), json({ a: 1 }))).toEqual([])
  })
  test('inside of objects and lists', () => {
    expect(changes(json({ hours: { open: '09:00', days: [1, 2] } }), json({ hours: { open: '08:30', days: [1, 2] } }))).toEqual([
      { name: 'hours › open', before: '09:00', after: '08:30', kind: 'changed' },
    ])
    expect(changes(json({ extra: ['personal.read'] }), json({ extra: null }))).toEqual([
      { name: '额外权限', before: '查看顾客完整的个人信息', after: '', kind: 'removed' },
    ])
    expect(changes('', json({ list: [{ a: 1 }] }))[0]).toMatchObject({ after: '{"a":1}' })
  })
  test('what is no object, or no JSON', () => {
    expect(changes('"a"', '"b"')).toEqual([{ name: '内容', before: 'a', after: 'b', kind: 'changed' }])
    expect(changes('', '{broken')).toEqual([{ name: '内容', before: '', after: '{broken', kind: 'added' }])
  })
})

test('acts', () => {
  expect(actText('session.begin')).toBe('登录')
  expect(actText('desk.something_new')).toBe('desk.something_new')
  expect(nickIn(json({ nick: '王' }))).toBe('王')
  expect(nickIn('')).toBeUndefined()
})
