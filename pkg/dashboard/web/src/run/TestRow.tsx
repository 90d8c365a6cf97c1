import type { TestCase } from '../api/schema'
import { StateIcon } from '../ui/StateIcon'
import { duration } from '../ui/time'
import { stateOf } from './tests'

/** TestRow is one test; what a failed one says can be unfolded. */
export function TestRow({ test }: { test: TestCase }) {
  const said = test.message || test.text || test.output
  const head = (
    <>
      <StateIcon state={stateOf(test.state)} silent />
      <span className="name">
        {test.class && <span className="quiet">{test.class} </span>}
        {test.name}
        {test.state === 'flaky' && <span className="tag">flaky</span>}
        <span className="pf-v6-screen-reader"> {test.state}</span>
      </span>
      <span className="quiet num">{duration(test.seconds * 1000)}</span>
    </>
  )
  if (!said) return <li className="test">{head}</li>
  return (
    <li>
      <details open={test.state === 'failed'}>
        <summary className="test">{head}</summary>
        <div className="said">
          {test.message && <p>{test.message}</p>}
          <Block label={`Failure of ${test.name}`} text={test.text} />
          <Block label={`Output of ${test.name}`} text={test.output} />
        </div>
      </details>
    </li>
  )
}

function Block({ label, text }: { label: string; text: string | undefined }) {
  if (!text) return null
  return (
    <pre tabIndex={0} role="region" aria-label={label}>
      {text}
    </pre>
  )
}
