import { Checkbox } from '@patternfly/react-core'
import BanIcon from '@patternfly/react-icons/dist/esm/icons/ban-icon'
import RedoIcon from '@patternfly/react-icons/dist/esm/icons/redo-icon'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { api, must } from '../api/client'
import type { RunDetail } from '../api/schema'
import { ActionButton } from '../ui/ActionButton'
import { runPath } from '../ui/links'
import { useNotify } from '../ui/notices'

export function RunActions({ run }: { run: RunDetail }) {
  return (
    <>
      {!run.finished && <Abort run={run} />}
      <Rerun run={run} />
    </>
  )
}

function Rerun({ run }: { run: RunDetail }) {
  const navigate = useNavigate()
  const notify = useNotify()
  const [latest, setLatest] = useState(false)
  const rerun = async () => {
    const mode = latest ? 'latest' : 'original'
    const { name } = await must(api.POST('/runs/{name}/rerun', { params: { path: { name: run.name }, query: { mode } } }))
    notify({ variant: 'success', title: `${run.job} runs again` })
    void navigate(runPath(name))
  }
  return (
    <ActionButton name="Rerun" icon={<RedoIcon />} permission={run.permissions.rerun} question={`Run ${run.job} again?`} run={rerun}>
      <p>
        It runs on the same commits, with the job as it was configured then.
        {run.rerunCommand && (
          <>
            {' '}
            The comment <code>{run.rerunCommand}</code> runs it on the newest ones.
          </>
        )}
      </p>
      <Checkbox id="rerun-latest" label="With the job as it is configured now" isChecked={latest} onChange={(_, on) => setLatest(on)} />
    </ActionButton>
  )
}

function Abort({ run }: { run: RunDetail }) {
  const [reason, setReason] = useState('')
  const notify = useNotify()
  const abort = async () => {
    const { message } = await must(api.POST('/runs/{name}/abort', { params: { path: { name: run.name } }, body: { reason: reason.trim() || undefined } }))
    notify({ variant: 'success', title: message })
  }
  return (
    <ActionButton name="Abort" icon={<BanIcon />} danger permission={run.permissions.abort} question={`Abort ${run.job}?`} run={abort}>
      <p>Its pods are stopped. What was printed so far stays.</p>
      <label className="field abort-reason">
        Reason, shown to others (optional)
        <input value={reason} maxLength={200} onChange={(e) => setReason(e.target.value)} />
      </label>
    </ActionButton>
  )
}
