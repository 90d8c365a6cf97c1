import Markdown from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { Loading } from '../ui/Loading'
import { Problem } from '../ui/Problem'
import { within } from './artifacts'
import { useText } from './useText'

/** MarkdownPreview renders Markdown. HTML inside is shown as text, and links lead to files beside it or to the web. */
export function MarkdownPreview({ run, path, url }: { run: string; path: string; url: string }) {
  const text = useText(url)
  if (text.isPending) return <Loading />
  if (!text.data) return <Problem error={text.error} retry={() => void text.refetch()} />
  return (
    <div className="markdown">
      <Markdown remarkPlugins={[remarkGfm]} urlTransform={(link) => within(run, path, link)} components={{ input: Box }}>
        {text.data.text}
      </Markdown>
    </div>
  )
}

/** Box is the box of a task list. */
function Box({ checked }: { checked?: boolean }) {
  return <span role="img" aria-label={checked ? 'done' : 'to do'}>{checked ? '☑' : '☐'}</span>
}
