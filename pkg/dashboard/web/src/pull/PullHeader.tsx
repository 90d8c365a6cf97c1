import { Link } from 'react-router'
import type { PullPage } from '../api/schema'
import { runsPath } from '../ui/links'
import { Outside } from '../ui/Outside'
import { PageHeader } from '../ui/PageHeader'
import { StateLabel } from '../ui/StateLabel'
import { worst } from './worst'

export function PullHeader({ pull }: { pull: PullPage }) {
  const state = worst(pull)
  return (
    <PageHeader
      title={
        <>
          {pull.title || 'Pull request'} <span className="quiet">#{pull.number}</span>
        </>
      }
      actions={pull.link && <Outside href={pull.link}>Open at {pull.connection}</Outside>}
    >
      <p className="row">
        {state && <StateLabel state={state} />}
        <Link to={runsPath({ connection: pull.connection, repo: pull.repo })}>{pull.repo}</Link>
        {pull.author && (
          <span>
            by <Link to={runsPath({ author: pull.author })}>{pull.author}</Link>
          </span>
        )}
        <Link to={runsPath({ connection: pull.connection, repo: pull.repo, pull: pull.number })}>Its runs, filtered</Link>
      </p>
    </PageHeader>
  )
}
