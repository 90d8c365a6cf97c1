import { size } from '../log/words'
import { plain } from '../log/ansi'
import { Code } from '../ui/Code'
import { Loading } from '../ui/Loading'
import { Problem } from '../ui/Problem'
import { textBytes, useText } from './useText'

export function TextPreview({ url, path, bytes }: { url: string; path: string; bytes: number | undefined }) {
  const text = useText(url)
  if (text.isPending) return <Loading />
  if (!text.data) return <Problem error={text.error} retry={() => void text.refetch()} />
  if (text.data.text === '') return <p className="no-preview">The file is empty.</p>
  return (
    <>
      {!text.data.whole && (
        <p className="cut-note">
          The first {size(textBytes)}
          {bytes ? ` of ${size(bytes)}` : ''}. <a href={url}>Open the whole file</a>
        </p>
      )}
      <Code text={plain(text.data.text)} label={path} />
    </>
  )
}
