//! System calls of this process that are refused, or held until another action is done.

#![expect(clippy::missing_errors_doc, clippy::missing_panics_doc, reason = "not for users")]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Where the number of the call is in `seccomp_data`, and the lower half of its second argument.
const NUMBER: u32 = 0;
const SECOND: u32 = 24;

fn statement(code: u32, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: u16::try_from(code).unwrap(), jt, jf, k }
}

fn load(at: u32) -> libc::sock_filter {
    statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, at)
}

/// Continues with the next statement, or with the one `or` behind that.
fn equal(what: i64, or: u8) -> libc::sock_filter {
    let what = u32::try_from(what).unwrap();
    statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, or, what)
}

fn answer(what: u32) -> libc::sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, 0, 0, what)
}

/// Puts a filter on the calling thread and those that it starts.
fn filter(statements: &mut [libc::sock_filter], flags: libc::c_ulong) -> io::Result<i64> {
    let len = statements.len().try_into().unwrap();
    let program = libc::sock_fprog { len, filter: statements.as_mut_ptr() };
    // SAFETY: the program and its statements live for the calls.
    let done = unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let mode = libc::SECCOMP_SET_MODE_FILTER;
        libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program)
    };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(done) }
}

/// From now on the kernel answers EPERM to a system call, as a sandbox has it.
pub fn forbid(call: i64) -> io::Result<()> {
    let refused = libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned();
    let allowed = answer(libc::SECCOMP_RET_ALLOW);
    filter(&mut [load(NUMBER), equal(call, 1), answer(refused), allowed], 0).map(|_| ())
}

/// Holds each call with this second argument that the calling thread makes from now on.
pub fn hold(call: i64, second: i64) -> io::Result<Holder> {
    let mut statements = [
        load(NUMBER),
        equal(call, 3),
        load(SECOND),
        equal(second, 1),
        answer(libc::SECCOMP_RET_USER_NOTIF),
        answer(libc::SECCOMP_RET_ALLOW),
    ];
    let fd = filter(&mut statements, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER)?;
    // SAFETY: the kernel made it for this process just now.
    Ok(Holder(unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap()) }))
}

/// Where held calls are waited for, by another thread.
pub struct Holder(OwnedFd);

impl Holder {
    /// Lets calls continue as they come, until `is_done`. Runs `first` before the first one
    /// continues.
    pub fn serve(&self, first: impl FnOnce(), is_done: impl Fn() -> bool) {
        let mut first = Some(first);
        while !is_done() {
            let mut poll =
                libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: writes to `poll` only. The time is how often `is_done` is asked.
            if unsafe { libc::poll(&raw mut poll, 1, 5) } < 1 || poll.revents & libc::POLLIN == 0 {
                continue;
            }
            // SAFETY: all zeros are valid in both, and wanted by the kernel.
            let (mut call, mut go_on): (libc::seccomp_notif, libc::seccomp_notif_resp) =
                unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
            // SAFETY: the kernel writes to `call`, which has the size that the request declares.
            let done =
                unsafe { libc::ioctl(poll.fd, libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut call) };
            assert_eq!(done, 0);
            if let Some(first) = first.take() {
                first();
            }
            go_on.id = call.id;
            go_on.flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE.try_into().unwrap();
            // SAFETY: the kernel reads `go_on`.
            let done =
                unsafe { libc::ioctl(poll.fd, libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut go_on) };
            assert_eq!(done, 0);
        }
        assert!(first.is_none(), "no call was held");
    }
}
