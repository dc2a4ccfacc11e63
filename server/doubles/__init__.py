"""Stand-ins for outside providers: separate programs that check what the real ones check.

外部服务商替身：独立运行，按真实协议验签与限流。
"""
