"""系统管理: partners' keys to open data (数据应用)."""

from server.domain.system.model import DataApp, hash_key
from server.domain.system.service import actor_of_key, register_data_apps

__all__ = ["DataApp", "actor_of_key", "hash_key", "register_data_apps"]
