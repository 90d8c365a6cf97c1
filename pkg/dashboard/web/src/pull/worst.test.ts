import { expect, test } from 'vitest'
import type { PullCell, PullPage } from '../api/schema'
import { worst } from './worst'

const cell = (sha: string, state: PullCell['state']): PullCell => ({ sha, state, job: state, run: 'r', runs: 1 })
const page = (...cells: PullCell[]) => ({ commits: [{ sha: 'new' }, { sha: 'old' }], cells }) as PullPage

test('only the newest commit counts, and a failure before a running job', () => {
  expect(worst(page(cell('new', 'success'), cell('old', 'failure')))).toBe('success')
  expect(worst(page(cell('new', 'pending'), cell('new', 'failure')))).toBe('failure')
  expect(worst(page(cell('old', 'failure')))).toBeUndefined()
  expect(worst(undefined)).toBeUndefined()
})
