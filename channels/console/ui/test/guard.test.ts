import { describe, expect, test } from 'vitest'
import type { Right, Schemas } from '../src/api'
import { backFrom, guard, type Target } from '../src/guard'
import { gates, homeFor, menuFor, pages } from '../src/routes'

const person = (rights: Right[], must_change = false): Schemas['Me'] => ({
  account: { id: '1', name: 'n', nick: '甲', roles: [], extra: [], disabled: false, must_change, totp: false, created_at: 0, updated_at: 0, seen_at: 0 },
  rights,
  until: 0, csrf: '',
})
const to = (name: string, right?: Right, query: Record<string, unknown> = {}): Target => ({ name, fullPath: '/' + name, query, right })

describe('nobody signed in', () => {
  test.each(pages.map((p) => [p.name, p.right] as const))('%s asks to sign in, and comes back', (name, right) => {
    expect(guard(to(name, right), undefined)).toEqual({ name: 'signin', query: { to: '/' + name } })
  })
  test('the gates', () => {
    expect(guard(to('signin'), undefined)).toBe(true)
    expect(guard(to('setup'), undefined)).toBe(true)
    expect(guard(to('password'), undefined)).toEqual({ name: 'signin', query: {} })
    expect(guard(to('home'), undefined)).toEqual({ name: 'signin', query: {} })
  })
})

describe('somebody signed in', () => {
  test.each(pages.filter((p) => p.right).map((p) => [p.name, p.right!] as const))('%s needs %s', (name, right) => {
    expect(guard(to(name, right), person([right]))).toBe(true)
    expect(guard(to(name, right), person([]))).toEqual({ name: 'forbidden', replace: true })
  })
  test('who has to change the password does nothing else', () => {
    for (const p of [...pages.map((p) => p.name), 'home', 'signin', 'forbidden', 'unknown']) {
      expect(guard(to(p), person(['staff.manage'], true))).toEqual({ name: 'password' })
    }
    expect(guard(to('password'), person([], true))).toBe(true)
  })
  test('who has nothing to do at a gate goes home, or back', () => {
    expect(guard(to('signin'), person(['audit.read']))).toEqual({ name: 'audit' })
    expect(guard(to('signin', undefined, { to: '/staff?x=1' }), person([]))).toBe('/staff?x=1')
    expect(guard(to('home'), person([]))).toEqual({ name: 'account', replace: true })
  })
})

test('back goes to pages of our own only', () => {
  for (const bad of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '', undefined, ['/a']]) {
    expect(backFrom({ to: bad })).toBeUndefined()
  }
  expect(backFrom({ to: '/audit?what=x#y' })).toBe('/audit?what=x#y')
})

test('the menu shows what there is a right for', () => {
  expect(menuFor(['staff.manage']).map((p) => p.name)).toEqual(['staff', 'groups'])
  expect(menuFor([])).toEqual([])
  expect(homeFor(['audit.read', 'staff.manage'])).toBe('staff')
})

test('names and paths are used once', () => {
  const names = [...pages, ...gates].map((p) => p.name)
  const paths = [...pages, ...gates].map((p) => p.path)
  expect(new Set(names).size).toBe(names.length)
  expect(new Set(paths).size).toBe(paths.length)
})
