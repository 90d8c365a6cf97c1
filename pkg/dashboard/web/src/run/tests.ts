import type { TestReport, TestSuite } from '../api/schema'
import { count } from '../log/words'
import { duration } from '../ui/time'

/** choose keeps the tests of a result whose name, class or suite holds all words of a text; suites without any go. */
export function choose(suites: TestSuite[], text = '', result = ''): TestSuite[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0 && !result) return suites
  return suites
    .map((suite) => ({
      ...suite,
      cases: suite.cases.filter((c) => {
        const name = `${suite.name} ${c.class ?? ''} ${c.name}`.toLowerCase()
        return (!result || c.state === result) && words.every((word) => name.includes(word))
      }),
    }))
    .filter((suite) => suite.cases.length > 0)
}

/** numbersOf sums a report up: "1,812 tests, 3 failed, 10 skipped, in 2m 05s". */
export function numbersOf({ tests, failed, skipped, seconds }: Pick<TestReport, 'tests' | 'failed' | 'skipped' | 'seconds'>): string {
  const parts = [count(tests, 'test')]
  if (failed > 0) parts.push(`${failed} failed`)
  if (skipped > 0) parts.push(`${skipped} skipped`)
  return `${parts.join(', ')}, in ${duration(seconds * 1000)}`
}

/** stateOf is the state of runs that has the colour and sign of a test's result. */
export function stateOf(result: string): string {
  return { passed: 'success', failed: 'failure', flaky: 'error', skipped: 'skipped' }[result] ?? 'waiting'
}
