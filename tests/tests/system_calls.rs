//! Recording makes no system call: a child process warms up, gives up all of them but the one that
//! ends it, and records a million times on every kind of handle. The kernel kills it if it lies.
//!
//! The filter is seccomp's own language rather than its strict mode, which takes the time stamp
//! counter away too. Alone in its file, since it forks.

mod everything;

use everything::{Everything, Symbol, record};
use tests::programs::skip;
use tickmetrics::prelude::*;

fn record_everything(m: &Everything, times: u64) {
    for n in 0..times {
        record(m, n);
        m.latency.record_corrected(1000 + n % 1000, 500);
    }
}

/// From now on, any system call but `exit` kills the process.
fn give_up_system_calls() -> std::io::Result<()> {
    let statement = |code: u32, k: u32| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt: 0,
        jf: 0,
        k,
    };
    let is_exit = libc::sock_filter {
        jt: 0,
        jf: 1,
        ..statement(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            u32::try_from(libc::SYS_exit).unwrap(),
        )
    };
    let mut program = [
        // The number of the call is the first field of `seccomp_data`.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        is_exit,
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_KILL_PROCESS),
    ];
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap(),
        filter: program.as_mut_ptr(),
    };
    // SAFETY: the arguments are those that prctl(2) asks for; `program` outlives the call.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    if done { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// The status of a child that records `times` times without system calls, and then runs `also`.
fn child(m: &Everything, times: u64, also: impl FnOnce()) -> i32 {
    // SAFETY: no other thread of this process holds a lock: the harness waits for this one test.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "{}", std::io::Error::last_os_error());
    if pid == 0 {
        tickmetrics::warm_up();
        // The first call registers, and gets the thread its countdown.
        record_everything(m, 1);
        if give_up_system_calls().is_err() {
            // SAFETY: ends the child alone.
            unsafe { libc::_exit(77) };
        }
        record_everything(m, times);
        also();
        // SAFETY: ends the one thread of the child, by the one call that is left to it.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
    let mut status = 0;
    // SAFETY: waits for the child made above.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status
}

#[test]
fn recording_makes_no_system_call() {
    let m = Everything::register(&Registry::new()).unwrap();
    Symbol::intern("AAPL");
    // The filter works: a child that makes a call is killed.
    let caught = child(&m, 1, || drop(std::fs::metadata("/")));
    if libc::WIFEXITED(caught) && libc::WEXITSTATUS(caught) == 77 {
        return skip("this system allows no seccomp filter");
    }
    assert!(libc::WIFSIGNALED(caught) && libc::WTERMSIG(caught) == libc::SIGSYS, "{caught:#x}");

    let status = child(&m, 1_000_000, || ());
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "killed: {status:#x}");
}
