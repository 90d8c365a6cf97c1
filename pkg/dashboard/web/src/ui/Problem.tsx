import { Button } from '@patternfly/react-core'
import { ApiError } from '../api/errors'
import { Empty } from './Empty'

interface ProblemProps {
  error: unknown
  retry?: () => void
  level?: 1 | 2
}

/** Problem shows an error in place of what could not be loaded; level 1 in place of the whole page. */
export function Problem({ error, retry, level }: ProblemProps) {
  const missing = error instanceof ApiError && error.status === 404
  return (
    <div role="alert">
      <Empty
        level={level}
        title={missing ? 'Not found' : 'This could not be loaded'}
        actions={
          !missing &&
          retry && (
            <Button variant="secondary" onClick={retry}>
              Try again
            </Button>
          )
        }
      >
        {error instanceof Error ? error.message : String(error)}
        {missing && <p className="quiet">It may be private: log in with an account that may read its repository.</p>}
      </Empty>
    </div>
  )
}
