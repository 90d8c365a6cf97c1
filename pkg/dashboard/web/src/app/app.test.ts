import { expect, test } from 'vitest'
import { loginHref } from '../api/session'
import { reasonText } from './loginReasons'
import { pageOf } from './RouteFocus'
import { isDark } from './theme'

test('the reader decides about the colours, else the system', () => {
  expect([isDark('dark', false), isDark('light', true), isDark('system', true), isDark('system', false)]).toEqual([true, false, true, false])
})

test('words of an address are never shown', () => {
  expect(reasonText('denied')).toMatch(/declined/)
  expect(reasonText('call 555-1234 to restore your account')).not.toMatch(/555/)
})

test('a login comes back to where it began', () => {
  expect(loginHref({ connection: 'gitea', kind: 'gitea', url: '/login/gitea' }, '/runs/a#x/y:L3')).toBe('/login/gitea?return=%2Fruns%2Fa%23x%2Fy%3AL3')
})

test('the tabs of a run are one page', () => {
  expect(pageOf('/runs/a/graph')).toBe(pageOf('/runs/a'))
  expect(pageOf('/runs/b')).not.toBe(pageOf('/runs/a'))
})
