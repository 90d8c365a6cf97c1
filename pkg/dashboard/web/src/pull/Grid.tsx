import { useRef } from 'react'
import { Link } from 'react-router'
import type { PullCell, PullPage } from '../api/schema'
import { Ago } from '../ui/Ago'
import { Empty } from '../ui/Empty'
import { jobPath, runPath } from '../ui/links'
import { Sha } from '../ui/Sha'
import { wordOf } from '../ui/state'
import { StateIcon } from '../ui/StateIcon'
import { useRowKeys } from '../ui/useRowKeys'

/** Grid has a row for each job and a column for each commit, newest first. */
export function Grid({ pull }: { pull: PullPage }) {
  const box = useRef<HTMLDivElement>(null)
  useRowKeys(box, 'Jobs')
  const cells = new Map(pull.cells.map((cell) => [`${cell.sha} ${cell.job}`, cell]))
  if (pull.jobs.length === 0) return <Empty title="No job ran for this pull request">What happened, below, says why.</Empty>
  return (
    <div ref={box} className="card table-card" tabIndex={0} role="region" aria-label="Commits and jobs">
      <table className="grid">
        <thead>
          <tr>
            <th scope="col">Job</th>
            {pull.commits.map((commit) => (
              <th key={commit.sha} scope="col">
                <Sha sha={commit.sha} href={commit.link} />
                <span className="quiet">
                  <Ago time={commit.created} />
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {pull.jobs.map((job) => (
            <tr key={job}>
              <th scope="row">
                <Link to={jobPath(pull.connection, pull.repo, job)} data-row>
                  {job}
                </Link>
              </th>
              {pull.commits.map((commit) => (
                <td key={commit.sha}>
                  <Cell cell={cells.get(`${commit.sha} ${job}`)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Cell({ cell }: { cell: PullCell | undefined }) {
  if (!cell) return <span className="pf-v6-screen-reader">no run</span>
  const often = cell.runs > 1 ? `, the newest of ${cell.runs} runs` : ''
  const says = `${cell.job} on ${cell.sha.slice(0, 8)}: ${wordOf(cell.state)}${often}`
  return (
    <Link to={runPath(cell.run)} aria-label={says} title={says}>
      <StateIcon state={cell.state} silent />
      {cell.runs > 1 && <sup aria-hidden="true">{cell.runs}</sup>}
    </Link>
  )
}
