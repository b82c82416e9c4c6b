// @vitest-environment node
import { readFileSync } from 'node:fs'
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript'
import { expect, test } from 'vitest'
import { allRights, allRoles, rightText, roleText } from '../src/rights'

const read = (name: string) => readFileSync(new URL('../' + name, import.meta.url), 'utf8')

test('openapi.d.ts is what openapi.json gives: npm run api', async () => {
  const types = await openapiTS(JSON.parse(read('openapi.json')))
  expect(read('src/openapi.d.ts')).toBe(COMMENT_HEADER + astToString(types))
})

test('all roles and rights have words', () => {
  const account = JSON.parse(read('openapi.json')).components.schemas.Account.properties
  expect(allRoles).toEqual(account.roles.items.enum)
  expect(allRights).toEqual(account.extra.items.enum)
  expect([...allRoles.map(roleText), ...allRights.map(rightText)].join('')).not.toMatch(/[a-z]/)
})
