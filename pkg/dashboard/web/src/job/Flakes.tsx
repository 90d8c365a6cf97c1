import { Link } from 'react-router'
import type { Flake, JobHistory } from '../api/schema'
import { Ago } from '../ui/Ago'
import { runPath, runsPath } from '../ui/links'
import { Sha } from '../ui/Sha'
import { StateIcon } from '../ui/StateIcon'

/** Of more flakes, and more runs of one, the newest are shown. */
const most = 20
const mostRuns = 12

/** Flakes lists commits on which the job both failed and passed. Signs stand for the runs that the history lists. */
export function Flakes({ history }: { history: JobHistory }) {
  const { flakes, runs, job, connection, repo } = history
  if (flakes.length === 0) return null
  const states = new Map(runs.map((run) => [run.name, run.state]))
  return (
    <section>
      <h2 className="section-title">
        Flakes <span className="quiet">the same commit failed and passed</span>
      </h2>
      <ul className="card flakes">
        {flakes.slice(0, most).map((flake) => (
          <li key={flake.sha} className="row">
            <Sha sha={flake.sha} />
            <Link to={runsPath({ connection, repo, job, sha: flake.sha })}>
              failed {flake.failure}×, passed {flake.success}×
            </Link>
            <FlakyRuns flake={flake} states={states} />
            <span className="quiet when">
              <Ago time={flake.last} />
            </span>
          </li>
        ))}
      </ul>
      {flakes.length > most && <p className="quiet">and {flakes.length - most} older ones</p>}
    </section>
  )
}

function FlakyRuns({ flake, states }: { flake: Flake; states: Map<string, string> }) {
  return flake.runs.slice(0, mostRuns).map((name) => {
    const state = states.get(name)
    return (
      state && (
        <Link key={name} to={runPath(name)} title={name} aria-label={`${state}: ${name}`}>
          <StateIcon state={state} silent />
        </Link>
      )
    )
  })
}
