import { Button } from '@patternfly/react-core'
import { useState } from 'react'
import type { TestSuite } from '../api/schema'
import { duration } from '../ui/time'
import { TestRow } from './TestRow'
import { numbersOf } from './tests'

/** Tests that are shown at first; a suite may have tens of thousands. */
const some = 200

export function Suite({ suite, open }: { suite: TestSuite; open: boolean }) {
  const [shown, setShown] = useState(open)
  const [most, setMost] = useState(some)
  const rest = suite.cases.length - most
  return (
    <details className="card suite" open={open} onToggle={(e) => setShown(e.currentTarget.open)}>
      <summary>
        <h2>{suite.name || suite.file}</h2>
        <span className="quiet num" title={`${suite.file}, ${duration(suite.seconds * 1000)}`}>
          {numbersOf(suite)}
        </span>
      </summary>
      {shown && (
        <ul>
          {suite.cases.slice(0, most).map((test, i) => (
            <TestRow key={`${test.class ?? ''} ${test.name} ${i}`} test={test} />
          ))}
        </ul>
      )}
      {shown && rest > 0 && (
        <Button variant="link" onClick={() => setMost(most + 10 * some)}>
          {rest} more
        </Button>
      )}
    </details>
  )
}
