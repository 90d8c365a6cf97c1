import { Button } from '@patternfly/react-core'
import { Link } from 'react-router'
import { Empty } from '../ui/Empty'

/** NoRuns says what to do when nothing is listed. */
export function NoRuns({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered) {
    return (
      <Empty
        title="No run matches"
        actions={
          <Button variant="secondary" onClick={onClear}>
            Clear the filters
          </Button>
        }
      >
        Runs of private repositories are shown only to those who may read them.
      </Empty>
    )
  }
  return (
    <Empty
      title="Nothing has run yet"
      actions={
        <>
          <Link to="/help">Configured jobs and commands</Link>
          <Link to="/deliveries">What the forges sent</Link>
        </>
      }
    >
      A run appears here when a pull request is opened, a branch is pushed, a periodic job is due, or somebody comments <code>/test all</code>.
    </Empty>
  )
}
