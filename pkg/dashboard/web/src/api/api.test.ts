import { expect, test } from 'vitest'
import { runURL } from './client'
import { ApiError, asError } from './errors'
import { waitAfter } from './events'
import { shouldRetry } from './queries'

test('a problem document becomes a message with its details', () => {
  const error = asError(422, { title: 'Unprocessable', detail: 'validation failed', errors: [{ location: 'query.limit', message: 'at most 500' }] })
  expect(error.message).toBe('validation failed; query.limit: at most 500')
  expect(error.status).toBe(422)
})

test('an answer without a problem document still says something', () => {
  expect(asError(503, undefined).message).toMatch(/busy/)
  expect(asError(500, 'text').message).toMatch(/500/)
  expect(asError(404, {}).message).toMatch(/private/)
})

test('what the client did wrong is not tried again', () => {
  expect(shouldRetry(0, new ApiError(404, ''))).toBe(false)
  expect(shouldRetry(0, new ApiError(503, ''))).toBe(true)
  expect(shouldRetry(1, new TypeError('network'))).toBe(true)
  expect(shouldRetry(2, new TypeError('network'))).toBe(false)
})

test('waits grow up to half a minute', () => {
  expect([1, 2, 3, 9].map(waitAfter)).toEqual([1000, 2000, 4000, 30000])
})

test('addresses below a run are escaped', () => {
  expect(runURL('a b', 'log/raw', { step: 'test/unit' })).toBe('/api/v1/runs/a%20b/log/raw?step=test%2Funit')
})
