"""One static page to search logs and look at a trace by eye. Refuses scripts from elsewhere: it works offline."""

HTML = """<!doctype html><html lang="en"><meta charset="utf-8"><title>observer</title>
<meta name="viewport" content="width=device-width"><style>
:root{color-scheme:light dark}body{font:14px/1.45 system-ui,sans-serif;margin:1.2rem;max-width:110rem}
form{display:flex;flex-wrap:wrap;gap:.5rem;margin:0 0 1rem}input,select,button{font:inherit;padding:.25rem .5rem}
table{border-collapse:collapse;width:100%}td{padding:.15rem .6rem .15rem 0;vertical-align:top;white-space:nowrap}
td.wide{white-space:pre-wrap;overflow-wrap:anywhere;width:100%}.ERROR,.CRITICAL{color:#c33}.WARNING{color:#b70}
a{color:inherit}.bar{display:inline-block;height:.7em;background:#38c;min-width:2px}.error{background:#c33}
</style><h1>observer</h1>
<form id="form" aria-label="search logs"><label>service <input name="service"></label>
<label>level <select name="level"><option value="">any</option><option>INFO</option><option>WARNING</option>
<option>ERROR</option></select></label><label>trace <input name="trace_id" size="34"></label>
<label>correlation <input name="correlation_id"></label><label>text <input name="q"></label><button>Search</button>
</form><div id="trace"></div><table id="lines"></table><script>
const $=id=>document.getElementById(id),form=$('form')
const cell=(row,text,cls)=>{const c=row.insertCell();c.textContent=text;if(cls)c.className=cls;return c}
const time=us=>new Date(us/1000).toISOString().slice(11,23)
const fill=p=>{for(const e of form.elements)if(e.name)e.value=p.get(e.name)||''}
async function waterfall(id){const box=$('trace');box.replaceChildren();if(!id)return
 const r=await fetch('/api/traces/'+encodeURIComponent(id));if(!r.ok)return
 const t=(await r.json()).data[0],s=t.spans,first=Math.min(...s.map(x=>x.startTime)),
 last=Math.max(...s.map(x=>x.startTime+x.duration)),all=Math.max(1,last-first),table=document.createElement('table')
 for(const x of s){const row=table.insertRow();cell(row,t.processes[x.processID].serviceName);cell(row,x.operationName)
  cell(row,(x.duration/1000).toFixed(1)+' ms');const c=cell(row,'','wide'),b=document.createElement('span')
  b.className='bar'+(x.tags.some(g=>g.key==='error'&&g.value===true)?' error':'')
  b.style.marginLeft=(x.startTime-first)/all*80+'%';b.style.width=x.duration/all*80+'%';c.append(b)}
 box.append(table)}
async function search(){const p=new URLSearchParams(location.search);fill(p);waterfall(p.get('trace_id'))
 const lines=(await(await fetch('/logs?limit=300&'+p)).json()).lines,table=$('lines');table.replaceChildren()
 for(const l of lines.reverse()){const row=table.insertRow();cell(row,time(l.at_us));cell(row,l.service)
  cell(row,l.level,l.level);const f=Object.keys(l.fields).length?'  '+JSON.stringify(l.fields):''
  cell(row,l.message+f,'wide');const c=cell(row,'');if(l.trace_id){const a=document.createElement('a')
   a.href='?trace_id='+l.trace_id;a.textContent=l.trace_id.slice(0,8);c.append(a)}}}
form.addEventListener('submit',e=>{e.preventDefault();const p=new URLSearchParams()
 for(const[k,v]of new FormData(form))if(v)p.set(k,v);history.pushState(null,'','?'+p);search()})
addEventListener('popstate',search);search()
</script></html>
"""
