import { expect, test } from 'vitest'
import type { Delivery } from '../api/schema'
import { eventText } from './event'
import { summary } from './summary'

const delivery: Delivery = { name: 'd', connection: 'gitea', id: '1', event: 'push', phase: 'Processed', received: '', attempts: 1, jobs: [], outcomes: [] }

test.each([
  ['pull_request.opened', 'Pull request opened'],
  ['comment.created', 'Comment added'],
  ['push', 'Push'],
  ['repository_dispatch.some_thing', 'repository dispatch some thing'],
  ['', 'event'],
])('%s reads as %s', (event, want) => {
  expect(eventText(event)).toBe(want)
})

test('one line says what a delivery caused', () => {
  expect(summary(delivery)).toBe('nothing to do')
  expect(summary({ ...delivery, phase: 'Pending' })).toBe('')
  expect(summary({ ...delivery, message: 'connection refused' })).toBe('connection refused')
  const jobs = [
    { name: 'unit', run: true, reason: 'always runs' },
    { name: 'docs', run: false, reason: 'no change' },
  ]
  const outcomes = [
    { plugin: 'lgtm', did: ['added lgtm'] },
    { plugin: 'size', did: [], error: 'refused' },
  ]
  expect(summary({ ...delivery, jobs, outcomes })).toBe('ran unit; lgtm: added lgtm; size: refused')
})
