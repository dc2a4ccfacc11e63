// Texts that all lists share, and names of people, in Chinese.
export default {
  list: {
    reload: '刷新',
    clear: '清除筛选',
    nothing: '没有符合筛选条件的记录',
    reading: '正在读取',
    failed: '没有加载成功',
    forbidden: '没有查看权限',
    forbiddenHint: '请联系管理员开通相应的权限',
    gone: '这条记录不存在，或不在您的数据范围内',
    previous: '上一页',
    next: '下一页',
    page: '第 {page} 页 · {count} 条',
    since: '开始日期',
    until: '结束日期',
    today: '今天',
    yesterday: '昨天',
    week: '近 7 天',
    month: '近 30 天',
  },
  person: { system: '系统', motorist: '车主', other: '其他人员' },
}
